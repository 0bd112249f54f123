"""Audits one wave of tenants."""

from prefect import State, flow

from flows.surveying import survey_servers, work_on_tenants
from pgfleet.brief import Granularity
from pgfleet.errors import PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.judge.document import TenantEntry
from pgfleet.judge.tenant import unjudged
from pgfleet.pg.briefing import prepare_brief
from tasks.audit_tenant import audit_tenant
from tasks.exchange import ENTRIES, leave
from tasks.pulse import giving_signs
from tasks.slots import prefect_slots
from tasks.states import run_state
from tasks.tagging import tag_run
from tasks.whole import whole


@flow(name="audit-wave", persist_result=False, flow_run_name="wave {number} · {ring}")
@giving_signs
def audit_wave(
    environment: str, ring: str, number: int, tenants: list[str], granularity: Granularity = Granularity.STEP
) -> State[None]:
    """Audits the named tenants of one ring, and leaves what it found with its run."""
    brief = prepare_brief(
        environment, names=tenants, ring=ring, run=f"audit {environment} wave {number}", slots=prefect_slots
    )
    tag_run(f"env:{environment}", f"ring:{ring}")
    survey = survey_servers(brief)
    entries = work_on_tenants(
        survey,
        lambda tenant: audit_tenant.submit(tenant.name, whole(brief), granularity),
        unjudged,
        lambda each: each.verdict,
    )
    leave(tuple(entries), ENTRIES, "Tenants of this wave, as in the audit document")
    return run_state(entries)


def lost_entry(tenant: Tenant, reason: str) -> TenantEntry:
    """Of a tenant that its wave has left nothing of, nothing is known."""
    return unjudged(tenant, PgfleetError(reason))
