"""Reads what moves in the watched tables of one tenant."""

from datetime import datetime

from prefect import task

from pgfleet.postgres.read import activity
from pgfleet.postgres.read.steps import open_session
from pgfleet.rollout.activity import ActivityReading
from pgfleet.run.context import Brief
from pgfleet.tasks.support.retries import STEP_OPTIONS


@task(name="watch", task_run_name="watch {tenant}", **STEP_OPTIONS)
def read_activity(tenant: str, brief: Brief, began_at: datetime) -> tuple[ActivityReading, ...]:
    """One reading of every watched table; `began_at` is when the watch began."""
    with open_session(brief.tenant(tenant), brief) as session:
        return tuple(activity.read_activity(session, each, began_at=began_at) for each in brief.manifest.watches)
