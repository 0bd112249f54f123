"""Plans one wave of tenants: what a rollout will do in each."""

from prefect import State, flow
from prefect.states import Completed

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.documents.audit import TenantEntry
from pgfleet.documents.plan import Scope
from pgfleet.flows._survey import survey_servers, work_on_tenants
from pgfleet.judge.tenant import inconclusive_entry
from pgfleet.postgres.read.run_context import load_context
from pgfleet.rollout.planning import plan_tenant
from pgfleet.run.context import Granularity, RunContext
from pgfleet.tasks.audit_tenant import audit_tenant
from pgfleet.tasks.support.heartbeat import sending_heartbeats
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.results import PLANS, save_result
from pgfleet.tasks.support.server_lease import prefect_slots
from pgfleet.tasks.support.tags import tag_run


@flow(name="plan-wave", persist_result=False, flow_run_name="plan {number} · {ring}")
@sending_heartbeats
def plan_wave(
    environment: str, ring: str, number: int, tenants: list[str], scope: Scope, granularity: Granularity
) -> State[None]:
    """Audits the named tenants of one ring, and leaves with its run what is to be done in each. Changes nothing."""
    context = load_context(
        environment, names=tenants, ring=ring, run=f"plan {environment} wave {number}", slots=prefect_slots
    )
    tag_run(f"env:{environment}", f"ring:{ring}")
    survey = survey_servers(context)
    entries = work_on_tenants(
        survey,
        lambda tenant: audit_tenant.submit(tenant.name, opaque(context), granularity),
        inconclusive_entry,
        lambda each: each.verdict,
    )
    plans = tuple(plan_tenant(each, context.manifest, _expected(each, context), scope) for each in entries)
    save_result(plans, PLANS, "Tenants of this wave, as in the plan")
    to_do = sum(each.changes for each in plans)
    return Completed(message=f"{to_do} of {len(plans)} tenants have something to be done")


def _expected(entry: TenantEntry, context: RunContext) -> ExpectedCatalog | None:
    """What tenants on the server of that entry must hold; None where nothing was found out."""
    major = int(entry.server_version.split(".")[0]) if entry.server_version else 0
    found = context.expectations.get(major)
    return found if isinstance(found, ExpectedCatalog) else None
