"""Repairs one tenant."""

from prefect import State, runtime, task

from pgfleet.documents.repair import RepairMode, TenantRepair
from pgfleet.postgres.apply.repair import foresee, repair
from pgfleet.run.context import Brief
from pgfleet.tasks.support.repair_states import repaired_state
from pgfleet.tasks.support.retries import STEP_OPTIONS

NAMES = {
    RepairMode.PLAN: "plan repair of",
    RepairMode.REHEARSE: "rehearse repair of",
    RepairMode.REPAIR: "repair",
}


def run_name() -> str:
    """`repair acme`, `rehearse repair of acme`, `plan repair of acme`."""
    parameters = runtime.task_run.parameters
    return f"{NAMES[parameters['mode']]} {parameters['tenant']}"


@task(name="repair tenant", task_run_name=run_name, **STEP_OPTIONS)
def repair_tenant(tenant: str, brief: Brief, mode: RepairMode, digest: str, own_digest: str) -> State[TenantRepair]:
    """Goes as far as the mode says; a repair that is no longer the one of these digests is not begun."""
    chosen = brief.tenant(tenant)
    if mode is RepairMode.PLAN:
        return repaired_state(foresee(chosen, brief), mode)
    if mode is RepairMode.REHEARSE:
        return repaired_state(repair(chosen, brief, rehearsal=True), mode)
    return repaired_state(repair(chosen, brief, rehearsal=False, digest=digest, own_digest=own_digest), mode)
