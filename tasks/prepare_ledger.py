"""Creates the ledger in a tenant's database."""

from prefect import task

from pgfleet.postgres.apply import ledger
from pgfleet.postgres.session import Session
from pgfleet.tasks.support.retries import STEP_OPTIONS


@task(name="prepare ledger", task_run_name="ledger · {session.name}", **STEP_OPTIONS)
def prepare_ledger(session: Session, with_reverts: bool) -> None:
    """Creates the ledger if it does not exist; fails if the table is not pgfleet's."""
    ledger.prepare_ledger(session, with_reverts)
