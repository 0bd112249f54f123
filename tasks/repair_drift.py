"""Fixes the drift of one tenant, as part of a rollout."""

from prefect import State, task

from pgfleet.documents.plan import TenantPlan
from pgfleet.documents.repair import RepairMode, TenantRepair
from pgfleet.postgres.apply import repair
from pgfleet.postgres.session import Session
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.repair_states import repaired_state
from pgfleet.tasks.support.retries import STEP_OPTIONS


@task(name="repair drift", task_run_name="repair drift · {session.name}", **STEP_OPTIONS)
def repair_drift(session: Session, context: RunContext, plan: TenantPlan) -> State[TenantRepair]:
    """Runs the plan's statements. If that fails, or does not fix the drift, the tenant is unchanged."""
    return repaired_state(repair.repair_drift(session, context, plan), RepairMode.REPAIR)
