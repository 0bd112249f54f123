"""Tries the contracts in one tenant."""

from prefect import State, task

from pgfleet.brief import Brief
from pgfleet.judge.document import ContractEntry
from pgfleet.pg import verification
from pgfleet.pg.session import Session
from pgfleet.pg.verification import Findings
from tasks.retries import STEP_OPTIONS
from tasks.states import contracts_state


@task(name="try contracts", task_run_name="contracts · {session.name}", **STEP_OPTIONS)
def try_contracts(session: Session, brief: Brief, findings: Findings) -> State[tuple[ContractEntry, ...]]:
    """Would every consumer's statements work?"""
    return contracts_state(verification.try_contracts(session, brief, findings))
