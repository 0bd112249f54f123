"""Takes one wave of tenants through their plans, or rehearses it."""

from uuid import UUID

from prefect import State, flow

from pgfleet.errors import PgfleetError
from pgfleet.flows._survey import survey_servers, work_on_tenants
from pgfleet.postgres.read.run_context import load_context
from pgfleet.rollout.results import failed_result
from pgfleet.run.context import Granularity
from pgfleet.run.stop_signal import Gate
from pgfleet.tasks.roll_out_tenant import roll_out_tenant
from pgfleet.tasks.support.heartbeat import sending_heartbeats
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.results import PLAN, RESULTS, ROLLOUT_PLAN, load_result, save_result
from pgfleet.tasks.support.server_lease import prefect_slots
from pgfleet.tasks.support.states import results_state
from pgfleet.tasks.support.stop_signal import at_halt
from pgfleet.tasks.support.tags import tag_run


@flow(name="rollout-wave", persist_result=False, flow_run_name="wave {number} · {ring}")
@sending_heartbeats
def rollout_wave(
    environment: str,
    ring: str,
    number: int,  # noqa: ARG001 (named in the run)
    tenants: list[str],
    rollout: UUID,
    allowed: int | None,
    granularity: Granularity,
) -> State[None]:
    """Does in the named tenants what the plan of the run `rollout` says, and leaves what came of it with its run.

    When more than `allowed` of them failed no further one is begun.
    """
    return _go_through(environment, ring, tenants, rollout, Gate(allowed), granularity, dry_run=False)


@flow(name="dry-run-wave", persist_result=False, flow_run_name="dry run {number} · {ring}")
@sending_heartbeats
def dry_run_wave(
    environment: str,
    ring: str,
    number: int,  # noqa: ARG001 (named in the run)
    tenants: list[str],
    rollout: UUID,
    granularity: Granularity,
) -> State[None]:
    """The same, and leaves every tenant as it was.

    A function of its own, not the other under another name: a run that begins anew after a suspension takes up its
    child runs by their functions, and would roll out within the run of the dry run.
    """
    return _go_through(environment, ring, tenants, rollout, Gate(None), granularity, dry_run=True)


def _go_through(
    environment: str,
    ring: str,
    tenants: list[str],
    rollout: UUID,
    gate: Gate,
    granularity: Granularity,
    *,
    dry_run: bool,
) -> State[None]:
    kind = "dry run" if dry_run else "rollout"
    run = f"{kind} {environment} {str(rollout)[:8]}"
    context = load_context(environment, names=tenants, ring=ring, run=run, run_id=str(rollout), slots=prefect_slots)
    tag_run(f"env:{environment}", f"ring:{ring}")
    at_halt(rollout, ring, gate.close)
    plan = load_result(rollout, ROLLOUT_PLAN, kind=PLAN)
    if plan is None:
        raise PgfleetError(f"the run {rollout} has left no plan")
    plans = {each.name: each for each in plan.tenants}
    survey = survey_servers(context)
    results = work_on_tenants(
        survey,
        lambda tenant: roll_out_tenant.submit(
            tenant.name, opaque(plans[tenant.name]), opaque(context), gate, dry_run, granularity
        ),
        lambda tenant, error: failed_result(plans[tenant.name], error),
        lambda each: each.result,
    )
    save_result(tuple(results), RESULTS, "Tenants of this wave, as in the rollout document")
    return results_state(results)
