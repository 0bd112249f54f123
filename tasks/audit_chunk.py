"""Audits several tenants in one task run."""

from collections.abc import Collection, Sequence
from typing import Any

from prefect import State, runtime, task
from prefect.cache_policies import NO_CACHE

from pgfleet.documents.audit import TenantEntry, Verdict
from pgfleet.postgres.read.audit import audit
from pgfleet.run.context import Granularity, RunContext
from pgfleet.tasks.audit_tenant import audit_tenant
from pgfleet.tasks.support.chunks import chunk_name, cover
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.states import needs_steps, tenant_state


def run_name() -> str:
    """`audit 9 tenants: acme …`."""
    return chunk_name("audit", runtime.task_run.parameters["tenants"])


@task(name="audit chunk", task_run_name=run_name, cache_policy=NO_CACHE, persist_result=False)
def audit_chunk(
    tenants: Sequence[str], context: RunContext, detailed: Collection[Verdict]
) -> State[tuple[State[TenantEntry], ...]]:
    """Audits the tenants one after another. One with a `detailed` verdict is audited again in task runs of its own."""

    def covered(tenant: str) -> State[TenantEntry] | None:
        entry = audit(context.tenant(tenant), context)
        return None if needs_steps(entry, detailed) else tenant_state(entry)

    def in_detail(tenant: str) -> State[Any]:
        return audit_tenant(tenant, opaque(context), Granularity.STEP, return_state=True)

    return cover(tenants, covered, in_detail)
