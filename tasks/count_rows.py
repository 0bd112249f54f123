"""Counts the rows of one table of one tenant."""

from prefect import task

from pgfleet.judge.observations import CountObservation
from pgfleet.postgres.read import audit_steps
from pgfleet.postgres.read.comparison import TenantInspection
from pgfleet.postgres.session import Session
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.retries import STEP_OPTIONS


@task(name="count", task_run_name="count {table} · {session.name}", **STEP_OPTIONS)
def count_rows(
    session: Session, context: RunContext, table: str, inspection: TenantInspection | None = None
) -> CountObservation:
    """The number of rows in the table, counted or estimated."""
    return audit_steps.count(session, context, table, inspection)
