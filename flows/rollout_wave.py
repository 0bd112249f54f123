"""Takes one wave of tenants through their plans, or rehearses it."""

from typing import Any
from uuid import UUID

from prefect import State, flow, runtime

from flows.surveying import survey_servers, work_on_tenants
from pgfleet.brief import Granularity
from pgfleet.errors import PgfleetError
from pgfleet.gate import Gate
from pgfleet.pg.briefing import prepare_brief
from pgfleet.rollout.results import broken
from tasks.exchange import PLAN, RESULTS, ROLLOUT_PLAN, leave, take
from tasks.roll_out_tenant import roll_out_tenant
from tasks.states import results_state
from tasks.tagging import tag_run


def wave_name() -> str:
    """`wave 1 · canary`, or `rehearsal 1 · canary`."""
    parameters: dict[str, Any] = runtime.flow_run.parameters
    return f"{'rehearsal' if parameters['rehearsal'] else 'wave'} {parameters['number']} · {parameters['ring']}"


@flow(name="rollout-wave", flow_run_name=wave_name)
def rollout_wave(
    environment: str,
    ring: str,
    number: int,  # noqa: ARG001 (named in the run)
    tenants: list[str],
    rollout: UUID,
    allowed: int | None,
    rehearsal: bool,
    granularity: Granularity,
) -> State[None]:
    """Does in the named tenants what the plan of the run `rollout` says, and leaves what came of it with its run.

    When more than `allowed` of them failed no further one is begun. A rehearsal leaves every tenant as it was.
    """
    kind = "rehearsal" if rehearsal else "rollout"
    run = f"{kind} {environment} {str(rollout)[:8]}"
    brief = prepare_brief(environment, names=tenants, run=run, run_id=str(rollout))
    tag_run(f"env:{environment}", f"ring:{ring}")
    plan = take(rollout, ROLLOUT_PLAN, kind=PLAN)
    if plan is None:
        raise PgfleetError(f"the run {rollout} has left no plan")
    plans = {each.name: each for each in plan.tenants}
    survey_servers(brief)
    gate = Gate(allowed)
    results = work_on_tenants(
        brief,
        lambda tenant: roll_out_tenant.submit(tenant.name, plans[tenant.name], brief, gate, rehearsal, granularity),
        lambda tenant, error: broken(plans[tenant.name], error),
        lambda each: each.result,
    )
    leave(tuple(results), RESULTS, "Tenants of this wave, as in the rollout document")
    return results_state(results)


rehearsal_wave = rollout_wave.with_options(name="rehearsal-wave")
"""The same under a name of its own: a run that begins anew after a suspension takes up child runs by their names."""
