"""Reads a tenant's catalog and ledger."""

from prefect import task

from pgfleet.postgres.read import inspection
from pgfleet.postgres.read.comparison import TenantInspection
from pgfleet.postgres.session import Session
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.retries import STEP_OPTIONS


@task(name="inspect", task_run_name="inspect · {session.name}", **STEP_OPTIONS)
def inspect_tenant(
    session: Session, context: RunContext, with_prefetch: bool = False, keeps_lock: bool = False
) -> TenantInspection:
    """The tenant compared with what is expected; `with_prefetch` also sends the queries of later steps."""
    return inspection.inspect(session, context, with_prefetch, keeps_lock)
