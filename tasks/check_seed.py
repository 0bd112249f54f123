"""Checks one seed in one tenant."""

from prefect import State, task

from pgfleet.documents.findings import SeedEntry
from pgfleet.postgres.read import audit_steps
from pgfleet.postgres.read.comparison import TenantInspection
from pgfleet.postgres.session import Session
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.retries import STEP_OPTIONS
from pgfleet.tasks.support.states import seed_state


@task(name="check seed", task_run_name="seed {seed} · {session.name}", **STEP_OPTIONS)
def check_seed(session: Session, context: RunContext, inspection: TenantInspection, seed: str) -> State[SeedEntry]:
    """Whether the seed was ever imported, and whether its rows are still as shipped."""
    return seed_state(audit_steps.check_seed(session, context, inspection, seed))
