"""Repairs one wave of tenants, or plans the repair, or does a dry run of it."""

from prefect import State, flow, runtime

from pgfleet.documents.repair import RepairMode, TenantRepair
from pgfleet.flows._wave import open_wave
from pgfleet.flows._waves import WaveKind, results_by_tenant
from pgfleet.postgres.read.survey import work_on_tenants
from pgfleet.rollout.repair_results import failed_repair
from pgfleet.tasks.repair_tenant import repair_tenant
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.repair_states import TASK_RUN, repairs_state
from pgfleet.tasks.support.results import REPAIRS, save_wave_result


def wave_name() -> str:
    """`plan 1 · canary`, `dry run 1 · canary`, `repair 1 · canary`."""
    parameters = runtime.flow_run.parameters
    return f"{RepairMode(parameters['mode']).replace('_', ' ')} {parameters['number']} · {parameters['ring']}"


@flow(name="repair-wave", persist_result=False, flow_run_name=wave_name)
def repair_wave(
    environment: str,
    ring: str,
    number: int,  # noqa: ARG001 (used in the run's name)
    tenants: list[str],
    digests: dict[str, str],
    own_digests: dict[str, str],
    repair: str,
    mode: RepairMode,
) -> State[None]:
    """Goes as far as the mode says in each of these tenants, and saves the results with the flow run.

    `digests` are the approved repairs by tenant, `own_digests` the same without the objects that tenants of one
    database share; `repair` is the id of the parent run.
    """
    run, as_rollout = f"repair {environment} {repair[:8]}", mode is not RepairMode.PLAN
    with open_wave(environment, ring, tenants, run=run, run_id=repair, as_rollout=as_rollout) as survey:
        found = work_on_tenants(
            survey,
            lambda tenant: repair_tenant.submit(
                tenant.name, opaque(survey.context), mode, digests[tenant.name], own_digests[tenant.name]
            ),
            lambda tenant, error: failed_repair(tenant.name, tenant.ring, error),
            lambda each: each.result,
        )
    save_wave_result(tuple(found), REPAIRS, "Tenants of this wave, as in the repair document")
    return repairs_state(found, mode)


REPAIR: dict[RepairMode, WaveKind[TenantRepair]] = {
    mode: WaveKind(flow=repair_wave, form=REPAIRS, task_run=f"{name} {{}}", outcomes=results_by_tenant)
    for mode, name in TASK_RUN.items()
}
