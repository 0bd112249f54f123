"""Repairs one tenant."""

from prefect import State, runtime, task

from pgfleet.documents.repair import RepairMode, TenantRepair
from pgfleet.postgres.apply.repair import preview, repair
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.repair_states import TASK_RUN, repaired_state
from pgfleet.tasks.support.retries import STEP_OPTIONS


def run_name() -> str:
    """`repair acme`, `dry run of repair of acme`, `plan repair of acme`."""
    parameters = runtime.task_run.parameters
    return f"{TASK_RUN[parameters['mode']]} {parameters['tenant']}"


@task(name="repair tenant", task_run_name=run_name, **STEP_OPTIONS)
def repair_tenant(
    tenant: str, context: RunContext, mode: RepairMode, digest: str, own_digest: str
) -> State[TenantRepair]:
    """Goes as far as the mode says. A repair whose digests are no longer these does not start."""
    chosen = context.tenant(tenant)
    if mode is RepairMode.PLAN:
        return repaired_state(preview(chosen, context), mode)
    if mode is RepairMode.DRY_RUN:
        return repaired_state(repair(chosen, context, dry_run=True), mode)
    return repaired_state(repair(chosen, context, dry_run=False, digest=digest, own_digest=own_digest), mode)
