"""Counts the rows of one table of one tenant."""

from prefect import task

from pgfleet.brief import Brief
from pgfleet.judge.readings import CountReading
from pgfleet.pg import verification
from pgfleet.pg.session import Session
from tasks.retries import STEP_OPTIONS


@task(name="count", task_run_name="count {table} · {session.name}", **STEP_OPTIONS)
def count_rows(session: Session, brief: Brief, table: str) -> CountReading:
    """The table's rows, counted or estimated."""
    return verification.count(session, brief, table)
