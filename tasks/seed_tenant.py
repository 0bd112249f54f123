"""Applies one seed to a tenant."""

from prefect import State, task

from pgfleet.documents.rollout import SeedStep
from pgfleet.postgres.apply import seeding
from pgfleet.postgres.apply.carried_inspection import CarriedInspection
from pgfleet.postgres.session import Session
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.retries import STEP_OPTIONS
from pgfleet.tasks.support.states import step_state


@task(name="apply seed", task_run_name="apply seed {seed} · {session.name}", **STEP_OPTIONS)
def seed_tenant(session: Session, context: RunContext, seed: str, carried: CarriedInspection) -> State[SeedStep]:
    """Adds the baseline rows that are missing; existing rows are not changed."""
    return step_state(seeding.apply_seed(session, context, seed, carried))
