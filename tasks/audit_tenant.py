"""Audits one tenant."""

from collections.abc import Callable
from typing import Any

from prefect import State, Task, task
from prefect.cache_policies import NO_CACHE

from pgfleet.brief import Brief, Granularity
from pgfleet.judge.document import TenantEntry
from pgfleet.pg import verification
from pgfleet.pg.audit import audit
from tasks.check_seed import check_seed
from tasks.count_rows import count_rows
from tasks.inspect_tenant import inspect_tenant
from tasks.retries import retrying
from tasks.states import running_steps, tenant_state
from tasks.try_contracts import try_contracts
from tasks.verify_migration import verify_migration

STEPS: dict[Callable[..., Any], Task[..., Any]] = {
    verification.inspect: inspect_tenant,
    verification.verify: verify_migration,
    verification.check_seed: check_seed,
    verification.count: count_rows,
    verification.try_contracts: try_contracts,
}
"""The task of each step."""


@task(name="audit tenant", task_run_name="audit {tenant}", cache_policy=NO_CACHE, persist_result=False)
def audit_tenant(tenant: str, brief: Brief, granularity: Granularity) -> State[TenantEntry]:
    """Inspects and verifies the tenant, each step a task run of its own or all in this one."""
    run = running_steps(STEPS) if granularity is Granularity.STEP else retrying
    return tenant_state(audit(brief.tenant(tenant), brief, run))
