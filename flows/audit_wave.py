"""Audits one wave of tenants."""

from prefect import State, flow

from pgfleet.documents.audit import TenantEntry
from pgfleet.errors import PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.flows._survey import survey_servers, work_on_tenants
from pgfleet.judge.tenant import inconclusive_entry
from pgfleet.postgres.read.run_context import load_context
from pgfleet.run.context import Granularity
from pgfleet.tasks.audit_tenant import audit_tenant
from pgfleet.tasks.support.heartbeat import sending_heartbeats
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.results import ENTRIES, save_result
from pgfleet.tasks.support.server_lease import prefect_slots
from pgfleet.tasks.support.states import run_state
from pgfleet.tasks.support.tags import tag_run


@flow(name="audit-wave", persist_result=False, flow_run_name="wave {number} · {ring}")
@sending_heartbeats
def audit_wave(
    environment: str, ring: str, number: int, tenants: list[str], granularity: Granularity = Granularity.STEP
) -> State[None]:
    """Audits the named tenants of one ring, and leaves what it found with its run."""
    context = load_context(
        environment, names=tenants, ring=ring, run=f"audit {environment} wave {number}", slots=prefect_slots
    )
    tag_run(f"env:{environment}", f"ring:{ring}")
    survey = survey_servers(context)
    entries = work_on_tenants(
        survey,
        lambda tenant: audit_tenant.submit(tenant.name, opaque(context), granularity),
        inconclusive_entry,
        lambda each: each.verdict,
    )
    save_result(tuple(entries), ENTRIES, "Tenants of this wave, as in the audit document")
    return run_state(entries)


def lost_entry(tenant: Tenant, reason: str) -> TenantEntry:
    """Of a tenant that its wave has left nothing of, nothing is known."""
    return inconclusive_entry(tenant, PgfleetError(reason))
