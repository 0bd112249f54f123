"""Carries out the plans of one wave of tenants, or does a dry run of them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from prefect import State, flow

from pgfleet.documents.rollout import TenantResult
from pgfleet.errors import PgfleetError, PlanOutdated
from pgfleet.fleet.model import Environment
from pgfleet.flows._wave import open_wave
from pgfleet.flows._waves import WaveKind, results_by_tenant
from pgfleet.judge.unchanged import EarlierInspection
from pgfleet.postgres.read.survey import work_on_tenants
from pgfleet.rollout.results import failed_result
from pgfleet.run.context import Granularity
from pgfleet.run.failure_budget import FailureBudget
from pgfleet.tasks.roll_out_tenant import roll_out_tenant
from pgfleet.tasks.support.inspections import INSPECTIONS, load_inspections
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.results import INSPECTED, PLAN, RESULTS, ROLLOUT_PLAN, load_result, save_wave_result
from pgfleet.tasks.support.states import results_state
from pgfleet.tasks.support.stop_signal import stop_signal


@flow(name="rollout-wave", persist_result=False, flow_run_name="wave {number} · {ring}")
def rollout_wave(
    environment: str,
    ring: str,
    number: int,  # noqa: ARG001 (used in the run's name)
    tenants: list[str],
    rollout: UUID,
    allowed: int | None,
    granularity: Granularity,
) -> State[None]:
    """Carries out the plan of the run `rollout` in these tenants, and saves the results with the flow run.

    Once more than `allowed` of them have failed, no other tenant starts.
    """
    budget = FailureBudget(allowed, stop_signal())
    return _carry_out(environment, ring, tenants, rollout, budget, granularity, dry_run=False)


@flow(name="dry-run-wave", persist_result=False, flow_run_name="dry run {number} · {ring}")
def dry_run_wave(
    environment: str,
    ring: str,
    number: int,  # noqa: ARG001 (used in the run's name)
    tenants: list[str],
    rollout: UUID,
    granularity: Granularity,
) -> State[None]:
    """Does the same in transactions that it rolls back.

    This is another function, not the same one with an option: a resumed run matches its child runs by their functions,
    and would run the rollout within the child run of the dry run.
    """
    return _carry_out(environment, ring, tenants, rollout, FailureBudget(None), granularity, dry_run=True)


def _carry_out(
    environment: str,
    ring: str,
    tenants: list[str],
    rollout: UUID,
    budget: FailureBudget,
    granularity: Granularity,
    *,
    dry_run: bool,
) -> State[None]:
    run = f"{'dry run' if dry_run else 'rollout'} {environment} {str(rollout)[:8]}"
    plan = load_result(rollout, ROLLOUT_PLAN, kind=PLAN)
    if plan is None:
        raise PgfleetError(f"the run {rollout} saved no plan")
    plans = {each.name: each for each in plan.tenants}
    with open_wave(environment, ring, tenants, run=run, run_id=str(rollout), as_rollout=True) as survey:
        survey.context.earlier = _as_planned(survey.context.environment)
        if survey.context.manifest.checksum != plan.manifest:  # its scripts are not those that were reviewed
            outdated = PlanOutdated("the manifest has changed since the plan was made")
            results: Sequence[TenantResult] = [failed_result(plans[name], outdated) for name in tenants]
        else:
            results = work_on_tenants(
                survey,
                lambda tenant: roll_out_tenant.submit(
                    tenant.name, opaque(plans[tenant.name]), opaque(survey.context), budget, dry_run, granularity
                ),
                lambda tenant, error: failed_result(plans[tenant.name], error),
                lambda each: each.result,
            )
    if not dry_run:
        inspected = tuple(survey.context.inspected.values())
        save_wave_result(inspected, INSPECTIONS, "For the next inspection of these tenants", kind=INSPECTED)
    save_wave_result(tuple(results), RESULTS, "Tenants of this wave, as in the rollout document")
    return results_state(results)


def _as_planned(environment: Environment) -> Mapping[str, EarlierInspection]:
    """What the plan found, so that a tenant that is unchanged since need not be read again before its first script.

    Objects that the manifest does not contain may be in a script's way, so tenants with such objects are read.
    """
    return {name: each for name, each in load_inspections(environment).items() if not each.unexpected}


ROLLOUT: WaveKind[TenantResult] = WaveKind(
    flow=rollout_wave, form=RESULTS, task_run="roll out {}", outcomes=results_by_tenant
)
DRY_RUN: WaveKind[TenantResult] = WaveKind(
    flow=dry_run_wave, form=RESULTS, task_run="dry run of {}", outcomes=results_by_tenant
)
