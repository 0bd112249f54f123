"""Audits one tenant."""

from collections.abc import Callable
from typing import Any

from prefect import State, Task, task
from prefect.cache_policies import NO_CACHE

from pgfleet.documents.audit import TenantEntry
from pgfleet.postgres.read import audit_steps, inspection
from pgfleet.postgres.read.audit import audit
from pgfleet.run.context import Granularity, RunContext
from pgfleet.tasks.check_seed import check_seed
from pgfleet.tasks.count_rows import count_rows
from pgfleet.tasks.inspect_tenant import inspect_tenant
from pgfleet.tasks.support.retries import retrying
from pgfleet.tasks.support.states import as_task_runs, tenant_state
from pgfleet.tasks.try_contracts import try_contracts
from pgfleet.tasks.verify_migration import verify_migration

STEPS: dict[Callable[..., Any], Task[..., Any]] = {
    inspection.inspect: inspect_tenant,
    audit_steps.verify: verify_migration,
    audit_steps.check_seed: check_seed,
    audit_steps.count: count_rows,
    audit_steps.try_contracts: try_contracts,
}
"""The task that runs each step."""


@task(name="audit tenant", task_run_name="audit {tenant}", cache_policy=NO_CACHE, persist_result=False)
def audit_tenant(tenant: str, context: RunContext, granularity: Granularity) -> State[TenantEntry]:
    """Inspects and verifies the tenant, each step in its own task run or all in this one."""
    run = as_task_runs(STEPS) if granularity is Granularity.STEP else retrying
    return tenant_state(audit(context.tenant(tenant), context, run))
