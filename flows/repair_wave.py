"""Repairs one wave of tenants, or rehearses or plans it."""

from prefect import State, flow, runtime

from pgfleet.documents.repair import RepairMode
from pgfleet.flows._survey import survey_servers, work_on_tenants
from pgfleet.postgres.read.run_context import load_context
from pgfleet.rollout.repair_results import failed_repair
from pgfleet.tasks.repair_tenant import repair_tenant
from pgfleet.tasks.support.heartbeat import sending_heartbeats
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.repair_states import repairs_state
from pgfleet.tasks.support.results import REPAIRS, save_result
from pgfleet.tasks.support.server_lease import prefect_slots
from pgfleet.tasks.support.tags import tag_run


def wave_name() -> str:
    """`plan 1 · canary`, `rehearse 1 · canary`, `repair 1 · canary`."""
    parameters = runtime.flow_run.parameters
    return f"{RepairMode(parameters['mode'])} {parameters['number']} · {parameters['ring']}"


@flow(name="repair-wave", persist_result=False, flow_run_name=wave_name)
@sending_heartbeats
def repair_wave(
    environment: str,
    ring: str,
    number: int,  # noqa: ARG001 (named in the run)
    digests: dict[str, str],
    own_digests: dict[str, str],
    repair: str,
    mode: RepairMode,
) -> State[None]:
    """Goes as far as the mode says in each tenant, and leaves what came of it; a tenant that fails hides no other.

    `digests` are the tenants, and of each what was agreed to, `own_digests` what is left of that once its shared
    objects are right; `repair` is the run that this is a part of.
    """
    run = f"repair {environment} {repair[:8]}"
    context = load_context(environment, names=list(digests), ring=ring, run=run, run_id=repair, slots=prefect_slots)
    tag_run(f"env:{environment}", f"ring:{ring}")
    survey = survey_servers(context)
    found = work_on_tenants(
        survey,
        lambda tenant: repair_tenant.submit(
            tenant.name, opaque(context), mode, digests[tenant.name], own_digests[tenant.name]
        ),
        lambda tenant, error: failed_repair(tenant.name, tenant.ring, error),
        lambda each: each.result,
    )
    save_result(tuple(found), REPAIRS, "Tenants of this wave, as in the repair document")
    return repairs_state(found, mode)
