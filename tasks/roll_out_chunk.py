"""Carries out the plans of several tenants that have nothing to do, in one task run."""

from collections.abc import Mapping, Sequence
from typing import Any

from prefect import State, runtime, task
from prefect.cache_policies import NO_CACHE

from pgfleet.documents.plan import TenantPlan
from pgfleet.documents.rollout import SUCCEEDED, TenantResult
from pgfleet.postgres.apply.rollout import roll_out
from pgfleet.rollout.results import not_reached
from pgfleet.run.context import Granularity, RunContext
from pgfleet.run.failure_budget import FailureBudget
from pgfleet.tasks.roll_out_tenant import HALTED, roll_out_tenant
from pgfleet.tasks.support.chunks import chunk_name, cover
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.states import result_state


def run_name() -> str:
    """`roll out 9 tenants: acme …`, or `dry run of 9 tenants: …`."""
    parameters = runtime.task_run.parameters
    return chunk_name("dry run of" if parameters["dry_run"] else "roll out", parameters["tenants"])


@task(name="roll out chunk", task_run_name=run_name, cache_policy=NO_CACHE, persist_result=False)
def roll_out_chunk(
    tenants: Sequence[str], plans: Mapping[str, TenantPlan], context: RunContext, budget: FailureBudget, dry_run: bool
) -> State[tuple[State[TenantResult], ...]]:
    """Makes sure that nothing is to be done, in one tenant after another. One that fails has task runs of its own."""

    def covered(tenant: str) -> State[TenantResult] | None:
        if not budget.allows_another:
            return result_state(not_reached(plans[tenant], HALTED))
        result = roll_out(context.tenant(tenant), plans[tenant], context, dry_run=dry_run)
        return result_state(result) if result.result in SUCCEEDED else None

    def in_detail(tenant: str) -> State[Any]:
        plan = opaque(plans[tenant])
        return roll_out_tenant(tenant, plan, opaque(context), budget, dry_run, Granularity.STEP, return_state=True)

    return cover(tenants, covered, in_detail)
