"""Verifies one migration in one tenant."""

from prefect import State, task

from pgfleet.documents.findings import MigrationEntry
from pgfleet.postgres.read import audit_steps
from pgfleet.postgres.read.comparison import TenantInspection
from pgfleet.postgres.session import Session
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.retries import STEP_OPTIONS
from pgfleet.tasks.support.states import migration_state


@task(name="verify", task_run_name="verify {version} · {session.name}", **STEP_OPTIONS)
def verify_migration(
    session: Session, context: RunContext, inspection: TenantInspection, version: str
) -> State[MigrationEntry]:
    """Runs the migration's checks, and determines its status from them and from the inspection."""
    return migration_state(audit_steps.verify(session, context, inspection, version))
