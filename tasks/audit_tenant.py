"""Audits one tenant."""

from collections.abc import Callable, Collection
from typing import Any

from prefect import State, Task, task
from prefect.cache_policies import NO_CACHE

from pgfleet.documents.audit import TenantEntry, Verdict
from pgfleet.postgres.read import audit_steps, inspection
from pgfleet.postgres.read.audit import audit
from pgfleet.run.context import Granularity, RunContext
from pgfleet.run.retries import retrying
from pgfleet.tasks.check_seed import check_seed
from pgfleet.tasks.count_rows import count_rows
from pgfleet.tasks.inspect_tenant import inspect_tenant
from pgfleet.tasks.support.states import as_task_runs, needs_steps, tenant_state
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
def audit_tenant(
    tenant: str, context: RunContext, granularity: Granularity, detailed: Collection[Verdict] = ()
) -> State[TenantEntry]:
    """Inspects and verifies the tenant, each step in its own task run or all in this one.

    Under `auto`, all in this one, and again in task runs if the verdict is a `detailed` one and not only
    because migrations are pending.
    """
    chosen = context.tenant(tenant)
    if granularity is Granularity.AUTO:
        entry = audit(chosen, context)
        if not needs_steps(entry, detailed):
            return tenant_state(entry)
    run = retrying if granularity is Granularity.TENANT else as_task_runs(STEPS)
    return tenant_state(audit(chosen, context, run))
