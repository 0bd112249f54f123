"""Repairs one wave of tenants, or rehearses or plans it."""

from prefect import State, flow, runtime

from flows.surveying import survey_servers, work_on_tenants
from pgfleet.pg.briefing import prepare_brief
from pgfleet.rollout.repairing import RepairMode, failed_repair
from tasks.exchange import REPAIRS, leave
from tasks.pulse import giving_signs
from tasks.repair_states import repairs_state
from tasks.repair_tenant import repair_tenant
from tasks.slots import prefect_slots
from tasks.tagging import tag_run
from tasks.whole import whole


def wave_name() -> str:
    """`plan 1 · canary`, `rehearse 1 · canary`, `repair 1 · canary`."""
    parameters = runtime.flow_run.parameters
    return f"{RepairMode(parameters['mode'])} {parameters['number']} · {parameters['ring']}"


@flow(name="repair-wave", persist_result=False, flow_run_name=wave_name)
@giving_signs
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
    brief = prepare_brief(environment, names=list(digests), ring=ring, run=run, run_id=repair, slots=prefect_slots)
    tag_run(f"env:{environment}", f"ring:{ring}")
    survey = survey_servers(brief)
    found = work_on_tenants(
        survey,
        lambda tenant: repair_tenant.submit(
            tenant.name, whole(brief), mode, digests[tenant.name], own_digests[tenant.name]
        ),
        lambda tenant, error: failed_repair(tenant.name, tenant.ring, error),
        lambda each: each.result,
    )
    leave(tuple(found), REPAIRS, "Tenants of this wave, as in the repair document")
    return repairs_state(found, mode)
