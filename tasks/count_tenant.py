"""Counts the tables of one tenant."""

from prefect import State, task
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed, Failed

from pgfleet.documents.counts import TenantCounts
from pgfleet.postgres.read import audit_steps
from pgfleet.postgres.read.audit import count_tables
from pgfleet.run.context import RunContext
from pgfleet.tasks.count_rows import count_rows
from pgfleet.tasks.support.states import as_task_runs, state_message


@task(name="count tenant", task_run_name="count {tenant}", cache_policy=NO_CACHE, persist_result=False)
def count_tenant(tenant: str, context: RunContext) -> State[TenantCounts]:
    """Counts the manifest's tables, each in its own task run, on one connection."""
    found = count_tables(context.tenant(tenant), context, as_task_runs({audit_steps.count: count_rows}))
    if found.reason:
        return Failed(name="Not counted", message=state_message(found.reason), data=found)
    return Completed(name="Counted", data=found)
