"""Reads a tenant's catalog and ledger."""

from prefect import task

from pgfleet.postgres.read import steps
from pgfleet.postgres.read.steps import TenantInspection
from pgfleet.postgres.session import Session
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.retries import STEP_OPTIONS


@task(name="inspect", task_run_name="inspect · {session.name}", **STEP_OPTIONS)
def inspect_tenant(session: Session, context: RunContext, ahead: bool = False) -> TenantInspection:
    """What the tenant holds, against what is expected of it; `ahead`: with all that the other steps will ask."""
    return steps.inspect(session, context, ahead)
