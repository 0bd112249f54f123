"""Plans one wave of tenants: what a rollout will do in each."""

from prefect import State, flow
from prefect.states import Completed

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.documents.audit import TenantEntry
from pgfleet.documents.plan import Scope
from pgfleet.flows._survey import work_on_tenants
from pgfleet.flows._wave import open_wave
from pgfleet.judge.tenant import inconclusive_entry
from pgfleet.rollout.planning import plan_tenant
from pgfleet.run.context import Granularity, RunContext
from pgfleet.tasks.audit_tenant import audit_tenant
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.results import PLANS, save_result


@flow(name="plan-wave", persist_result=False, flow_run_name="plan {number} · {ring}")
def plan_wave(
    environment: str, ring: str, number: int, tenants: list[str], scope: Scope, granularity: Granularity
) -> State[None]:
    """Audits these tenants of one ring, and saves their plans with the flow run. Changes nothing."""
    with open_wave(environment, ring, tenants, run=f"plan {environment} wave {number}") as survey:
        context = survey.context
        entries = work_on_tenants(
            survey,
            lambda tenant: audit_tenant.submit(tenant.name, opaque(context), granularity),
            inconclusive_entry,
            lambda each: each.verdict,
        )
    plans = tuple(plan_tenant(each, context.manifest, _expected(each, context), scope) for each in entries)
    save_result(plans, PLANS, "Tenants of this wave, as in the plan")
    return Completed(message=f"{sum(each.changes for each in plans)} of {len(plans)} tenants need changes")


def _expected(entry: TenantEntry, context: RunContext) -> ExpectedCatalog | None:
    """The expected catalog for the tenant's server; None if it is unknown."""
    tenant = context.tenant(entry.name)
    major = int(entry.server_version.split(".")[0]) if entry.server_version else 0
    found = context.expectations.get(context.replay(major, tenant.home))
    return found if isinstance(found, ExpectedCatalog) else None
