"""Reads a tenant's catalog and ledger."""

from prefect import task

from pgfleet.postgres.read import steps
from pgfleet.postgres.read.steps import Findings
from pgfleet.postgres.session import Session
from pgfleet.run.context import Brief
from pgfleet.tasks.support.retries import STEP_OPTIONS


@task(name="inspect", task_run_name="inspect · {session.name}", **STEP_OPTIONS)
def inspect_tenant(session: Session, brief: Brief, ahead: bool = False) -> Findings:
    """What the tenant holds, against what is expected of it; `ahead`: with all that the other steps will ask."""
    return steps.inspect(session, brief, ahead)
