"""Counts the tables of one wave of tenants."""

from prefect import State, flow
from prefect.states import Completed

from pgfleet.documents.rollout import TenantCounts
from pgfleet.flows._survey import identify_servers, work_on_tenants
from pgfleet.postgres.read.run_context import load_context
from pgfleet.tasks.count_tenant import count_tenant
from pgfleet.tasks.support.heartbeat import sending_heartbeats
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.results import COUNTED, save_result
from pgfleet.tasks.support.server_lease import prefect_slots
from pgfleet.tasks.support.tags import tag_run


@flow(name="count-wave", persist_result=False, flow_run_name="counts {number} · {ring}")
@sending_heartbeats
def count_wave(environment: str, ring: str, number: int, tenants: list[str]) -> State[None]:
    """Counts the manifest's tables in the named tenants of one ring, and leaves the counts with its run."""
    context = load_context(
        environment, names=tenants, ring=ring, run=f"counts {environment} wave {number}", slots=prefect_slots
    )
    tag_run(f"env:{environment}", f"ring:{ring}")
    survey = identify_servers(context)
    found = work_on_tenants(
        survey,
        lambda tenant: count_tenant.submit(tenant.name, opaque(context)),
        lambda tenant, error: TenantCounts(name=tenant.name, ring=tenant.ring, reason=str(error)),
        lambda each: "not counted" if each.reason else "counted",
    )
    save_result(tuple(found), COUNTED, "Tenants of this wave, as in the count document")
    return Completed(message=f"{sum(each.reason is None for each in found)} of {len(found)} tenants counted")
