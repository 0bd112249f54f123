"""Plants one seed in a tenant."""

from prefect import State, task

from pgfleet.documents.rollout import SeedStep
from pgfleet.postgres.apply import seeding
from pgfleet.postgres.session import Session
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.retries import STEP_OPTIONS
from pgfleet.tasks.support.states import step_state


@task(name="plant seed", task_run_name="plant {seed} · {session.name}", **STEP_OPTIONS)
def seed_tenant(session: Session, context: RunContext, seed: str) -> State[SeedStep]:
    """Adds the baseline rows that are missing, and leaves alone those that are there."""
    return step_state(seeding.apply_seed(session, context, seed))
