"""Applies one migration to a tenant."""

from prefect import State, task

from pgfleet.documents.plan import TenantPlan
from pgfleet.documents.rollout import MigrationStep
from pgfleet.postgres.apply import migration
from pgfleet.postgres.apply.carried_inspection import CarriedInspection
from pgfleet.postgres.session import Session
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.retries import STEP_OPTIONS
from pgfleet.tasks.support.states import step_state


@task(name="migrate", task_run_name="migrate {version} · {session.name}", **STEP_OPTIONS)
def migrate_tenant(
    session: Session, context: RunContext, plan: TenantPlan, version: str, carried: CarriedInspection
) -> State[MigrationStep]:
    """Runs, proves, records, and commits the migration, or adopts it. If that fails, the tenant is unchanged."""
    return step_state(migration.migrate(session, context, plan, version, carried))
