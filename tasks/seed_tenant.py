"""Plants one seed in a tenant."""

from prefect import State, task

from pgfleet.brief import Brief
from pgfleet.pg import seeding
from pgfleet.pg.session import Session
from pgfleet.rollout.document import SeedStep
from tasks.retries import STEP_OPTIONS
from tasks.states import step_state


@task(name="plant seed", task_run_name="plant {seed} · {session.name}", **STEP_OPTIONS)
def seed_tenant(session: Session, brief: Brief, seed: str) -> State[SeedStep]:
    """Adds the baseline rows that are missing, and leaves alone those that are there."""
    return step_state(seeding.plant(session, brief, seed))
