"""Carries out the plan of one tenant."""

from collections.abc import Callable
from typing import Any

from prefect import State, Task, runtime, task
from prefect.cache_policies import NO_CACHE

from pgfleet.documents.plan import Action, TenantPlan
from pgfleet.documents.rollout import TenantResult
from pgfleet.errors import PgfleetError
from pgfleet.postgres.apply import ledger, migration, repair, revert, seeding
from pgfleet.postgres.apply.rollout import roll_out
from pgfleet.postgres.read import audit_steps, inspection
from pgfleet.postgres.read.audit import Runner
from pgfleet.rollout.results import failed_result, not_reached
from pgfleet.run.context import Granularity, RunContext
from pgfleet.run.failure_budget import FailureBudget
from pgfleet.run.retries import retrying
from pgfleet.tasks.count_rows import count_rows
from pgfleet.tasks.inspect_tenant import inspect_tenant
from pgfleet.tasks.migrate_tenant import migrate_tenant
from pgfleet.tasks.prepare_ledger import prepare_ledger
from pgfleet.tasks.repair_drift import repair_drift
from pgfleet.tasks.revert_migration import revert_migration
from pgfleet.tasks.seed_tenant import seed_tenant
from pgfleet.tasks.support.states import as_task_runs, result_state
from pgfleet.tasks.verify_migration import verify_migration

STEPS: dict[Callable[..., Any], Task[..., Any]] = {
    audit_steps.count: count_rows,
    inspection.inspect: inspect_tenant,
    ledger.prepare_ledger: prepare_ledger,
    migration.migrate: migrate_tenant,
    revert.revert: revert_migration,
    audit_steps.verify: verify_migration,
    repair.repair_drift: repair_drift,
    seeding.apply_seed: seed_tenant,
}
"""The task that runs each step."""

CHANGES = {migration.migrate, revert.revert, repair.repair_drift, seeding.apply_seed}
"""The steps that change a tenant, unless they adopt a migration."""

HALTED = "the rollout halted: too many tenants of the ring failed"


def run_name() -> str:
    """`roll out acme`, or `dry run of acme`."""
    parameters = runtime.task_run.parameters
    return f"{'dry run of' if parameters['dry_run'] else 'roll out'} {parameters['tenant']}"


@task(name="roll out", task_run_name=run_name, cache_policy=NO_CACHE, persist_result=False)
def roll_out_tenant(
    tenant: str,
    plan: TenantPlan,
    context: RunContext,
    budget: FailureBudget,
    dry_run: bool,
    granularity: Granularity,
) -> State[TenantResult]:
    """Carries out the plan, if the failure budget allows it, in task runs of its steps as the granularity says."""
    if not budget.allows_another:
        return result_state(not_reached(plan, HALTED))
    run = _runner(plan, granularity)
    try:
        result = roll_out(context.tenant(tenant), plan, context, run, dry_run=dry_run)
    except Exception:
        budget.record(failed_result(plan, PgfleetError("the task broke")))
        raise
    budget.record(result)
    return result_state(result)


def _runner(plan: TenantPlan, granularity: Granularity) -> Runner:
    """Runs each step as a task run or not. Under `auto`, those are task runs that change the tenant."""
    if granularity is Granularity.TENANT:
        return retrying
    as_task_run = as_task_runs(STEPS)
    if granularity is Granularity.STEP:
        return as_task_run

    def run(step: Callable[..., Any], *arguments: Any) -> Any:
        is_adoption = step is migration.migrate and plan.of(arguments[3]).action is Action.ADOPT
        return (as_task_run if step in CHANGES and not is_adoption else retrying)(step, *arguments)

    return run
