"""Reads what moves in the watched tables of one tenant."""

from datetime import datetime

from prefect import task

from pgfleet.brief import Brief
from pgfleet.pg import watch
from pgfleet.pg.verification import open_session
from pgfleet.rollout.watching import ActivityReading
from tasks.retries import STEP_OPTIONS


@task(name="watch", task_run_name="watch {tenant}", **STEP_OPTIONS)
def read_activity(tenant: str, brief: Brief, began_at: datetime) -> tuple[ActivityReading, ...]:
    """One reading of every watched table; `began_at` is when the watch began."""
    with open_session(brief.tenant(tenant), brief) as session:
        return tuple(watch.read_activity(session, each, began_at=began_at) for each in brief.manifest.watches)
