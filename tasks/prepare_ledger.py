"""Makes the ledger in a tenant's database."""

from prefect import task

from pgfleet.postgres.apply import ledger
from pgfleet.postgres.session import Session
from pgfleet.tasks.support.retries import STEP_OPTIONS


@task(name="prepare ledger", task_run_name="ledger · {session.name}", **STEP_OPTIONS)
def prepare_ledger(session: Session) -> None:
    """Makes the ledger where there is none, and refuses one that is not ours."""
    ledger.prepare_ledger(session)
