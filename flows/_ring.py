"""The waves of a ring: what a rollout gives them and makes of what they left."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from prefect import runtime

from pgfleet.documents.audit import Verdict
from pgfleet.documents.plan import TenantPlan
from pgfleet.documents.rollout import TenantResult, WaveEntry
from pgfleet.errors import PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.fleet.selection import cut_waves, pick_tenants
from pgfleet.flows._waves import Outcome, is_distributed, of_each, run_waves
from pgfleet.flows.rollout_wave import dry_run_wave, rollout_wave
from pgfleet.rollout.failure_budget import COUNTED, count_failures
from pgfleet.rollout.results import failed_result, not_reached, obstructed_result
from pgfleet.rollout.summary import summarize
from pgfleet.run import progress
from pgfleet.run.context import Granularity, RunContext
from pgfleet.tasks.support.results import RESULTS
from pgfleet.tasks.support.stop_signal import halt


def names_of(those: Iterable[Tenant | TenantPlan]) -> list[str]:
    """Their names, which are all that a wave is given of them."""
    return [each.name for each in those]


def lost_plan(tenant: Tenant, reason: str) -> TenantPlan:
    """Of a tenant that its wave has left no plan of, it is not known what to do."""
    return TenantPlan(name=tenant.name, ring=tenant.ring, obstacle=Verdict.UNKNOWN, reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class RingWork:
    """What came of a ring's tenants, in the order of their plans, and how its waves went."""

    results: list[TenantResult]
    waves: list[WaveEntry]


def go_through_ring(
    context: RunContext,
    granularity: Granularity,
    ring: str,
    plans: Sequence[TenantPlan],
    budget: int | None,
    *,
    dry_run: bool,
) -> RingWork:
    """Does what is planned in every tenant of the ring, or rehearses it; `budget` may fail, any number if it is None.

    On workers all waves go at once; here one after another, so that the budget left by one is the next one's.
    """
    found = {each.name: obstructed_result(each) for each in plans if each.obstacle}
    by_name = {each.name: each for each in plans if not each.obstacle}
    progress.report_phase(f"{'dry_run of ' if dry_run else ''}ring {ring}", len(by_name))
    cut = cut_waves(pick_tenants(context.environment, list(by_name)))
    waves = [(number, [by_name[each.name] for each in wave]) for number, wave in enumerate(cut, start=1)]
    entries: list[WaveEntry] = []
    for some in [waves] if is_distributed(context) else [[each] for each in waves]:
        allowed = None if dry_run or budget is None else budget - count_failures(found.values())
        if allowed is not None and allowed < 0:
            reason = f"more tenants of ring {ring} have failed than may"
            found |= {each.name: not_reached(each, reason) for _, wave in some for each in wave}
            continue
        outcomes = _run(context, granularity, ring, some, allowed, dry_run=dry_run)
        for (number, wave), outcome in zip(some, outcomes, strict=True):
            results = of_each(outcome, wave, _lost_result)
            found |= {each.name: each for each in results}
            entries.append(
                WaveEntry(
                    number=number,
                    tenants=summarize(results),
                    started_at=outcome.started_at,
                    finished_at=outcome.finished_at,
                    attempts=outcome.attempts,
                )
            )
    return RingWork(results=[found[each.name] for each in plans], waves=entries)


def _run(
    context: RunContext,
    granularity: Granularity,
    ring: str,
    waves: Sequence[tuple[int, Sequence[TenantPlan]]],
    allowed: int | None,
    *,
    dry_run: bool,
) -> list[Outcome[TenantResult]]:
    name, rollout = context.environment.name, runtime.flow_run.id
    where = [(name, ring, number, names_of(plans), rollout) for number, plans in waves]
    if dry_run:
        return run_waves(dry_run_wave, RESULTS, context, [(*each, granularity) for each in where])
    calls = [(*each, allowed, granularity) for each in where]
    return run_waves(rollout_wave, RESULTS, context, calls, _halting(ring, allowed))


def _lost_result(plan: TenantPlan, reason: str) -> TenantResult:
    return failed_result(plan, PgfleetError(f"{reason}; what came of it is not known"))


def _halting(ring: str, allowed: int | None) -> Callable[[Sequence[str]], None]:
    """Halts the ring, for the waves of it that are under way, as soon as more of its tenants have failed than may."""
    said_so: list[bool] = []

    def watch(results: Sequence[str]) -> None:
        failures = sum(each in COUNTED for each in results)
        if allowed is not None and failures > allowed and not said_so:
            halt(runtime.flow_run.id, ring)
            said_so.append(True)

    return watch
