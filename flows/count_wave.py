"""Counts the tables of one wave of tenants."""

from prefect import State, flow
from prefect.states import Completed

from pgfleet.documents.rollout import TenantCounts
from pgfleet.flows._survey import identify_servers, work_on_tenants
from pgfleet.postgres.read.run_context import prepare_brief
from pgfleet.tasks.count_tenant import count_tenant
from pgfleet.tasks.support.heartbeat import giving_signs
from pgfleet.tasks.support.opaque import whole
from pgfleet.tasks.support.results import COUNTED, leave
from pgfleet.tasks.support.server_lease import prefect_slots
from pgfleet.tasks.support.tags import tag_run


@flow(name="count-wave", persist_result=False, flow_run_name="counts {number} · {ring}")
@giving_signs
def count_wave(environment: str, ring: str, number: int, tenants: list[str]) -> State[None]:
    """Counts the manifest's tables in the named tenants of one ring, and leaves the counts with its run."""
    brief = prepare_brief(
        environment, names=tenants, ring=ring, run=f"counts {environment} wave {number}", slots=prefect_slots
    )
    tag_run(f"env:{environment}", f"ring:{ring}")
    survey = identify_servers(brief)
    found = work_on_tenants(
        survey,
        lambda tenant: count_tenant.submit(tenant.name, whole(brief)),
        lambda tenant, error: TenantCounts(name=tenant.name, ring=tenant.ring, reason=str(error)),
        lambda each: "not counted" if each.reason else "counted",
    )
    leave(tuple(found), COUNTED, "Tenants of this wave, as in the count document")
    return Completed(message=f"{sum(each.reason is None for each in found)} of {len(found)} tenants counted")
