"""Tries the contracts in one tenant."""

from prefect import State, task

from pgfleet.documents.findings import ContractEntry
from pgfleet.postgres.read import audit_steps
from pgfleet.postgres.read.comparison import TenantInspection
from pgfleet.postgres.session import Session
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.retries import STEP_OPTIONS
from pgfleet.tasks.support.states import contracts_state


@task(name="try contracts", task_run_name="contracts · {session.name}", **STEP_OPTIONS)
def try_contracts(
    session: Session, context: RunContext, inspection: TenantInspection
) -> State[tuple[ContractEntry, ...]]:
    """Whether every consumer's statements would work."""
    return contracts_state(audit_steps.try_contracts(session, context, inspection))
