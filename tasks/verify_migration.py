"""Verifies one migration in one tenant."""

from prefect import State, task

from pgfleet.brief import Brief
from pgfleet.judge.document import MigrationEntry
from pgfleet.pg import verification
from pgfleet.pg.session import Session
from pgfleet.pg.verification import Findings
from tasks.retries import STEP_OPTIONS
from tasks.states import migration_state


@task(name="verify", task_run_name="verify {version} · {session.name}", **STEP_OPTIONS)
def verify_migration(session: Session, brief: Brief, findings: Findings, version: str) -> State[MigrationEntry]:
    """Runs the migration's checks, and concludes from them and the inspection what state it is in."""
    return migration_state(verification.verify(session, brief, findings, version))
