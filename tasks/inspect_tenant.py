"""Reads a tenant's catalog and ledger."""

from prefect import task

from pgfleet.brief import Brief
from pgfleet.pg import verification
from pgfleet.pg.session import Session
from pgfleet.pg.verification import Findings
from tasks.retries import STEP_OPTIONS


@task(name="inspect", task_run_name="inspect · {session.name}", **STEP_OPTIONS)
def inspect_tenant(session: Session, brief: Brief, ahead: bool = False) -> Findings:
    """What the tenant holds, against what is expected of it; `ahead`: with all that the other steps will ask."""
    return verification.inspect(session, brief, ahead)
