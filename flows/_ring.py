"""A ring of a rollout: its waves, and what follows them."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from prefect import runtime

from pgfleet.documents.plan import TenantPlan
from pgfleet.documents.ring import RestartEntry, RingEntry, RingOutcome, WatchEntry, WaveEntry
from pgfleet.documents.rollout import Result, TenantResult
from pgfleet.errors import PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.fleet.selection import Wave, cut_waves, pick_tenants
from pgfleet.flows._waves import Outcome, all_results, is_distributed, results_of, run_waves
from pgfleet.flows.audit_wave import AUDIT
from pgfleet.flows.rollout_wave import DRY_RUN, ROLLOUT
from pgfleet.flows.watch_wave import WATCH
from pgfleet.judge.tenant import lost_entry
from pgfleet.rollout.activity import unwatched_entries
from pgfleet.rollout.failures import FAULTY, count_failures
from pgfleet.rollout.idle import idle_result
from pgfleet.rollout.results import failed_result, not_reached, obstructed_result
from pgfleet.rollout.rings import find_unsettled, finish_ring, halt_ring, has_changed, time_ring, watch_halt_reason
from pgfleet.rollout.summary import summarize
from pgfleet.run import progress
from pgfleet.run.context import Granularity, RunContext
from pgfleet.tasks.restart_service import restart_service
from pgfleet.tasks.support.inspections import inspections_of, save_inspections
from pgfleet.tasks.support.opaque import opaque


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """A ring of the fleet, and the plans of its tenants."""

    context: RunContext
    granularity: Granularity
    name: str
    plans: Sequence[TenantPlan]

    def run(self, budget: int, *, dry_run: bool) -> tuple[RingEntry, list[TenantResult]]:
        """Carries out the plans, restarts services, watches the tenants, and lets the ring soak; `budget` may fail."""
        started_at = datetime.now(UTC)
        results, waves = self.carry_out(None if dry_run else budget, dry_run=dry_run)
        entry = finish_ring(self.name, budget, results, waves, dry_run=dry_run)
        entry = entry if dry_run else self._follow_up(entry, results)
        return time_ring(entry, started_at, datetime.now(UTC)), results

    def carry_out(self, budget: int | None, *, dry_run: bool) -> tuple[list[TenantResult], list[WaveEntry]]:
        """Carries out the plans, or does a dry run; `budget` tenants may fail, any number if it is None.

        On workers all waves run at once. Here they run one after another, and each has the budget that remains.
        """
        found = {each.name: obstructed_result(each) for each in self.plans if each.obstacle}
        found |= {each.name: idle_result(each, self.context.manifest) for each in self.plans if each.is_idle}
        names = [each.name for each in self.plans if each.name not in found]
        if names:
            progress.report_phase(f"{'dry run of ' if dry_run else ''}ring {self.name}", len(names))
        waves = self._waves(names)
        entries: list[WaveEntry] = []
        for group in [waves] if is_distributed(self.context) else [[wave] for wave in waves]:
            allowed = None if budget is None else budget - count_failures(found.values())
            if allowed is not None and allowed < 0:
                reason = f"ring {self.name} has more failed tenants than its failure budget allows"
                plans = {each.name: each for each in self.plans}
                found |= {name: not_reached(plans[name], reason) for wave in group for name in wave.names}
                continue
            outcomes = self._run_waves(group, allowed, dry_run=dry_run)
            if not dry_run:
                save_inspections(self.context.environment, inspections_of(each.run_id for each in outcomes))
            for outcome in outcomes:
                results = results_of(outcome, self._lost_result)
                found |= {each.name: each for each in results}
                entries.append(_wave_entry(outcome, results))
        return [found[each.name] for each in self.plans], entries

    def _run_waves(self, waves: Sequence[Wave], allowed: int | None, *, dry_run: bool) -> list[Outcome[TenantResult]]:
        arguments = {"rollout": runtime.flow_run.id, "granularity": self.granularity}
        if dry_run:
            return run_waves(DRY_RUN, self.context, waves, lambda _: arguments)

        def stop(states: Sequence[str]) -> bool:
            return allowed is not None and sum(each in FAULTY for each in states) > allowed

        return run_waves(ROLLOUT, self.context, waves, lambda _: {**arguments, "allowed": allowed}, stop)

    def _waves(self, names: Sequence[str]) -> tuple[Wave, ...]:
        return cut_waves(pick_tenants(self.context.environment, names))

    def _lost_result(self, tenant: Tenant, reason: str) -> TenantResult:
        plan = next(each for each in self.plans if each.name == tenant.name)
        return failed_result(plan, PgfleetError(f"{reason}; whether it was changed is not known"))

    def _follow_up(self, ring: RingEntry, results: Sequence[TenantResult]) -> RingEntry:
        if has_changed(results):
            ring = ring.model_copy(update={"restarts": tuple(self._restart_services())})
            failed = [each.service for each in ring.restarts if not each.restarted]
            if failed:
                return halt_ring(ring, ring.reason or f"not restarted: {', '.join(failed)}")
        if has_changed(results) and ring.outcome is not RingOutcome.HALTED:
            ring = self._watch(ring, results)
        return ring if ring.outcome is RingOutcome.HALTED else self._soak(ring, results)

    def _restart_services(self) -> Iterator[RestartEntry]:
        for each in self.context.environment.policy.rollout.restarts:
            try:
                yield restart_service(each.service, opaque(self.context))
            except PgfleetError as error:
                yield RestartEntry(service=each.service, restarted=False, detail=str(error))

    def _watch(self, ring: RingEntry, results: Sequence[TenantResult]) -> RingEntry:
        seconds = self.context.environment.policy.rollout.watch_seconds
        names = [each.name for each in results if each.result is Result.DONE]
        if seconds is None or not self.context.manifest.watches or not names:
            return ring
        progress.report_phase(f"watch of ring {ring.name}, {seconds:g} s", len(names))
        outcomes = run_waves(WATCH, self.context, self._waves(names), lambda _: {"seconds": seconds})
        watched = [each for outcome in outcomes for each in (*outcome.results, *self._unwatched(outcome, seconds))]
        ring = ring.model_copy(update={"watch": tuple(watched), "watched_seconds": seconds})
        reason = watch_halt_reason(ring, results, watched)
        return halt_ring(ring, reason) if reason else ring

    def _unwatched(self, outcome: Outcome[WatchEntry], seconds: float) -> Iterator[WatchEntry]:
        """The entries of tenants whose wave saved none."""
        seen = {each.tenant for each in outcome.results}
        for name in outcome.wave.names:
            if name not in seen:
                yield from unwatched_entries(self.context.manifest.watches, name, outcome.lost_reason, seconds=seconds)

    def _soak(self, ring: RingEntry, results: Sequence[TenantResult]) -> RingEntry:
        """Waits as long as the policy says, then audits the ring again."""
        seconds = self.context.environment.policy.rollout.soak_seconds.get(ring.name)
        if not seconds or not has_changed(results):
            return ring
        names = [each.name for each in self.plans if not each.obstacle]
        progress.report_phase(f"soak of ring {ring.name}, {seconds:g} s", len(names))
        time.sleep(seconds)
        outcomes = run_waves(AUDIT, self.context, self._waves(names), lambda _: {"granularity": self.granularity})
        ring = ring.model_copy(update={"soaked_seconds": seconds})
        problems = find_unsettled(results, self.plans, all_results(outcomes, lost_entry))
        return halt_ring(ring, f"not as expected after the soak: {'; '.join(problems)}") if problems else ring


def _wave_entry(outcome: Outcome[TenantResult], results: Sequence[TenantResult]) -> WaveEntry:
    return WaveEntry(
        number=outcome.wave.number,
        tenants=summarize(results),
        started_at=outcome.started_at,
        finished_at=outcome.finished_at,
        attempts=outcome.attempts,
    )
