"""Takes a tenant through one migration."""

from prefect import State, task

from pgfleet.brief import Brief
from pgfleet.pg import migration
from pgfleet.pg.session import Session
from pgfleet.rollout.document import MigrationStep
from pgfleet.rollout.plan import TenantPlan
from tasks.retries import STEP_OPTIONS
from tasks.states import step_state


@task(name="migrate", task_run_name="migrate {version} · {session.name}", **STEP_OPTIONS)
def migrate_tenant(session: Session, brief: Brief, plan: TenantPlan, version: str) -> State[MigrationStep]:
    """Runs, proves, records and commits the migration, or adopts it; or leaves the tenant as it was."""
    return step_state(migration.migrate(session, brief, plan, version))
