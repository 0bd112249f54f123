"""Reads the activity in the watched tables of one tenant."""

from datetime import datetime

from prefect import task

from pgfleet.postgres.read import queries
from pgfleet.postgres.tenant_session import open_session
from pgfleet.rollout.activity import ActivityObservation
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.retries import STEP_OPTIONS


@task(name="watch", task_run_name="watch {tenant}", **STEP_OPTIONS)
def read_activity(tenant: str, context: RunContext, began_at: datetime) -> tuple[ActivityObservation, ...]:
    """One reading of every watched table; `began_at` is when the watch began."""
    with open_session(context.tenant(tenant), context) as session:
        return tuple(queries.read_activity(session, each, began_at=began_at) for each in context.manifest.watches)
