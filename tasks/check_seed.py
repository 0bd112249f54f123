"""Checks one seed in one tenant."""

from prefect import State, task

from pgfleet.brief import Brief
from pgfleet.judge.document import SeedEntry
from pgfleet.pg import verification
from pgfleet.pg.session import Session
from pgfleet.pg.verification import Findings
from tasks.retries import STEP_OPTIONS
from tasks.states import seed_state


@task(name="check seed", task_run_name="seed {seed} · {session.name}", **STEP_OPTIONS)
def check_seed(session: Session, brief: Brief, findings: Findings, seed: str) -> State[SeedEntry]:
    """Was the seed ever imported, and is it still as shipped?"""
    return seed_state(verification.check_seed(session, brief, findings, seed))
