"""Reverts one migration of a tenant."""

from prefect import State, task

from pgfleet.documents.plan import TenantPlan
from pgfleet.documents.rollout import MigrationStep
from pgfleet.postgres.apply import revert
from pgfleet.postgres.session import Session
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.retries import STEP_OPTIONS
from pgfleet.tasks.support.states import step_state


@task(name="revert", task_run_name="revert {version} · {session.name}", **STEP_OPTIONS)
def revert_migration(session: Session, context: RunContext, plan: TenantPlan, version: str) -> State[MigrationStep]:
    """Runs the down script, proves, records, and commits the revert. If that fails, the tenant is unchanged."""
    return step_state(revert.revert(session, context, plan, version))
