"""Plans one wave of tenants: what a rollout will do in each."""

from prefect import State, flow
from prefect.states import Completed

from flows.surveying import survey_servers, work_on_tenants
from pgfleet.brief import Brief, Granularity
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.judge.document import TenantEntry
from pgfleet.judge.tenant import unjudged
from pgfleet.pg.briefing import prepare_brief
from pgfleet.rollout.plan import Scope
from pgfleet.rollout.planning import plan_tenant
from tasks.audit_tenant import audit_tenant
from tasks.exchange import PLANS, leave
from tasks.pulse import giving_signs
from tasks.slots import prefect_slots
from tasks.tagging import tag_run
from tasks.whole import whole


@flow(name="plan-wave", persist_result=False, flow_run_name="plan {number} · {ring}")
@giving_signs
def plan_wave(
    environment: str, ring: str, number: int, tenants: list[str], scope: Scope, granularity: Granularity
) -> State[None]:
    """Audits the named tenants of one ring, and leaves with its run what is to be done in each. Changes nothing."""
    brief = prepare_brief(
        environment, names=tenants, ring=ring, run=f"plan {environment} wave {number}", slots=prefect_slots
    )
    tag_run(f"env:{environment}", f"ring:{ring}")
    survey = survey_servers(brief)
    entries = work_on_tenants(
        survey,
        lambda tenant: audit_tenant.submit(tenant.name, whole(brief), granularity),
        unjudged,
        lambda each: each.verdict,
    )
    plans = tuple(plan_tenant(each, brief.manifest, _expected(each, brief), scope) for each in entries)
    leave(plans, PLANS, "Tenants of this wave, as in the plan")
    to_do = sum(each.changes for each in plans)
    return Completed(message=f"{to_do} of {len(plans)} tenants have something to be done")


def _expected(entry: TenantEntry, brief: Brief) -> ExpectedCatalog | None:
    """What tenants on the server of that entry must hold; None where nothing was found out."""
    major = int(entry.server_version.split(".")[0]) if entry.server_version else 0
    found = brief.expectations.get(major)
    return found if isinstance(found, ExpectedCatalog) else None
