"""Counts the tables of one wave of tenants."""

from prefect import State, flow
from prefect.states import Completed

from pgfleet.documents.counts import TenantCounts
from pgfleet.flows._wave import open_wave
from pgfleet.flows._waves import WaveKind
from pgfleet.postgres.read.survey import work_on_tenants
from pgfleet.tasks.count_tenant import count_tenant
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.results import COUNTED, save_wave_result


@flow(name="count-wave", persist_result=False, flow_run_name="counts {number} · {ring}")
def count_wave(environment: str, ring: str, number: int, tenants: list[str]) -> State[None]:
    """Counts the manifest's tables in these tenants of one ring, and saves the counts with the flow run."""
    run = f"counts {environment} wave {number}"
    with open_wave(environment, ring, tenants, run=run, with_expectations=False) as survey:
        found = work_on_tenants(
            survey,
            lambda tenant: count_tenant.submit(tenant.name, opaque(survey.context)),
            lambda tenant, error: TenantCounts(name=tenant.name, ring=tenant.ring, reason=str(error)),
            lambda each: "not counted" if each.reason else "counted",
        )
    save_wave_result(tuple(found), COUNTED, "Tenants of this wave, as in the count document")
    return Completed(message=f"{sum(each.reason is None for each in found)} of {len(found)} tenants counted")


COUNT: WaveKind[TenantCounts] = WaveKind(flow=count_wave, form=COUNTED, task_run="count {}")
