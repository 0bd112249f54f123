"""A rollout under way, ring after ring: what the flows that change tenants have in common."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from prefect import State, runtime

from flows import approval
from flows.audit_wave import audit_wave
from flows.plan_wave import plan_wave
from flows.rollout_wave import rehearsal_wave, rollout_wave
from flows.watch_wave import watch_wave
from flows.waves import run_wave
from pgfleet import progress
from pgfleet.brief import Brief, Granularity
from pgfleet.errors import PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.fleet.selection import cut_waves, pick_tenants
from pgfleet.judge.document import ManifestEntry, TenantEntry, Verdict
from pgfleet.judge.tenant import unjudged
from pgfleet.render.rollout_markdown import approval_page
from pgfleet.rollout.budget import budget_of, failures_in
from pgfleet.rollout.document import (
    RestartEntry,
    Result,
    RingEntry,
    RingOutcome,
    RolloutDocument,
    TenantResult,
    WatchEntry,
)
from pgfleet.rollout.plan import RolloutPlan, Scope, TenantPlan, build_plan, by_ring
from pgfleet.rollout.results import broken, not_reached, obstructed
from pgfleet.rollout.rings import finished, halted, has_changed, passed_over, unsettled, watch_halts
from pgfleet.rollout.summary import RolloutOutcome, outcome_of, summarise
from tasks.exchange import ENTRIES, PLAN, PLANS, RESULTS, ROLLOUT_DOCUMENT, ROLLOUT_PLAN, WATCHED, leave
from tasks.publish_rollout import publish_plan, publish_rollout
from tasks.restart_service import restart_service
from tasks.states import rollout_state


@dataclass(kw_only=True)
class Rollout:
    """One rollout: what all its parts need to know, and what has come of it so far."""

    brief: Brief
    scope: Scope
    granularity: Granularity
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    rings: list[RingEntry] = field(default_factory=list)
    results: list[TenantResult] = field(default_factory=list)

    def run(self, *, rehearse: bool, yes: bool) -> State[Any]:
        """Plans, asks where the policy wants it, and goes from ring to ring; the run's final state."""
        plan = self.plan()
        refusal = None if rehearse or yes else self._refusal(plan)
        if refusal:
            document = self._document(plan, rehearsal=False, refusal=refusal)
        else:
            self._carry_out(plan, rehearsal=rehearse)
            document = self._document(plan, rehearsal=rehearse)
        leave(document, ROLLOUT_DOCUMENT, "The rollout document")
        publish_rollout(document, self.brief)
        return rollout_state(document)

    def plan(self) -> RolloutPlan:
        """What is to be done in every tenant, published and announced; nothing is written in any."""
        plan = self._make_plan()
        leave(plan, ROLLOUT_PLAN, "The plan", kind=PLAN)
        publish_plan(plan, self.brief, seeds_alone=not self.scope.migrations)
        progress.report_plan(plan)
        return plan

    def _make_plan(self) -> RolloutPlan:
        plans: list[TenantPlan] = []
        progress.report_phase("plan", len(self.brief.environment.tenants))
        for number, wave in enumerate(cut_waves(self.brief.environment), start=1):
            plans += self._plan_wave(number, wave)
        return build_plan(self.brief.environment.name, self.brief.manifest.checksum, self.scope, plans)

    def _plan_wave(self, number: int, wave: tuple[Tenant, ...]) -> list[TenantPlan]:
        ring, names = wave[0].ring, [each.name for each in wave]
        arguments = (self.brief.environment.name, ring, number, names, self.scope, self.granularity)
        left, state = run_wave(plan_wave, PLANS, self.brief, *arguments)
        found = {each.name: each for each in left}
        reason = f"the wave broke off: {state.name}: {state.message}"
        lost = (TenantPlan(name=name, ring=ring, obstacle=Verdict.UNKNOWN, reason=reason) for name in names)
        return [found.get(each.name, each) for each in lost]

    def _refusal(self, plan: RolloutPlan) -> str | None:
        """Why the plan may not be carried out; None if it may, or if there is nothing in it to be approved.

        An answer can take hours, so the plan is made anew after it: what was approved must be what is done.
        """
        policy = self.brief.environment.policy.rollout
        if not policy.approval or not any(each.changes for each in plan.tenants):
            return None
        answer = approval.given_answer()  # the run was suspended for it, and has begun anew
        if answer is None and approval.can_ask():
            ring, rehearsal = self._rehearse_first_ring(plan)
            page = self._approval_page(plan, ring, rehearsal)
            answer = approval.ask(plan, page, policy.approval_timeout_seconds)
            plan = self._make_plan() if answer and answer.approve else plan
        return approval.refusal(answer, plan)

    def _rehearse_first_ring(self, plan: RolloutPlan) -> tuple[str, list[TenantResult]]:
        """The first ring in which anything is to be done, and how it went there."""
        rings = by_ring(plan, self.brief.environment.policy.rings)
        ring = next(name for name, plans in rings.items() if any(each.changes for each in plans))
        return ring, self._ring_results(ring, rings[ring], None, rehearsal=True)

    def _approval_page(self, plan: RolloutPlan, ring: str, rehearsal: Sequence[TenantResult]) -> str:
        return approval_page(plan, self.brief.manifest, self.brief.environment.policy.rings, rehearsal, ring)

    def _carry_out(self, plan: RolloutPlan, *, rehearsal: bool) -> None:
        policy = self.brief.environment.policy
        for name, plans in by_ring(plan, policy.rings).items():
            budget = budget_of(name, policy.rollout.failure_budgets, len(plans))
            if halting := next((each for each in self.rings if each.outcome is RingOutcome.HALTED), None):
                results = [not_reached(each, f"ring {halting.name} halted") for each in plans]
                self.rings.append(passed_over(name, budget, results))
            else:
                results = self._ring_results(name, plans, budget, rehearsal=rehearsal)
                ring = finished(name, budget, results, rehearsal=rehearsal)
                self.rings.append(ring if rehearsal else self._settle(ring, plans, results))
            self.results += results

    def _ring_results(
        self, ring: str, plans: Sequence[TenantPlan], budget: int | None, *, rehearsal: bool
    ) -> list[TenantResult]:
        """Every tenant of the ring, in the plan's order; `budget` may fail, or any number where it is None."""
        found = {each.name: obstructed(each) for each in plans if each.obstacle}
        by_name = {each.name: each for each in plans if not each.obstacle}
        progress.report_phase(f"{'rehearsal of ' if rehearsal else ''}ring {ring}", len(by_name))
        for number, wave in enumerate(cut_waves(pick_tenants(self.brief.environment, list(by_name))), start=1):
            allowed = None if rehearsal or budget is None else budget - failures_in(found.values())
            here = [by_name[each.name] for each in wave]
            found |= {each.name: each for each in self._roll_out_wave(ring, number, here, allowed, rehearsal=rehearsal)}
        return [found[each.name] for each in plans]

    def _roll_out_wave(
        self, ring: str, number: int, plans: Sequence[TenantPlan], allowed: int | None, *, rehearsal: bool
    ) -> list[TenantResult]:
        if allowed is not None and allowed < 0:
            return [not_reached(each, f"more tenants of ring {ring} have failed than may") for each in plans]
        names = [each.name for each in plans]
        where = (self.brief.environment.name, ring, number, names, runtime.flow_run.id)
        if rehearsal:
            left, state = run_wave(rehearsal_wave, RESULTS, self.brief, *where, self.granularity)
        else:
            left, state = run_wave(rollout_wave, RESULTS, self.brief, *where, allowed, self.granularity)
        found = {each.name: each for each in left}
        error = PgfleetError(f"the wave broke off: {state.name}: {state.message}; what came of it is not known")
        return [found.get(each.name) or broken(each, error) for each in plans]

    def _settle(self, ring: RingEntry, plans: Sequence[TenantPlan], results: Sequence[TenantResult]) -> RingEntry:
        """After a ring: restarts its services and watches its tenants, if anything changed, and lets it soak."""
        if has_changed(results):
            ring = ring.model_copy(update={"restarts": tuple(self._restart_services())})
            lost = [each.service for each in ring.restarts if not each.restarted]
            if lost:
                return halted(ring, ring.reason or f"not restarted: {', '.join(lost)}")
        if ring.outcome is RingOutcome.HALTED:
            return ring
        if has_changed(results):
            ring = self._watch(ring, results)
        return ring if ring.outcome is RingOutcome.HALTED else self._soak(ring, plans, results)

    def _restart_services(self) -> Iterator[RestartEntry]:
        for each in self.brief.environment.policy.rollout.restarts:
            try:
                yield restart_service(each.service, self.brief)
            except PgfleetError as error:
                yield RestartEntry(service=each.service, restarted=False, detail=str(error))

    def _watch(self, ring: RingEntry, results: Sequence[TenantResult]) -> RingEntry:
        seconds = self.brief.environment.policy.rollout.watch_seconds
        names = [each.name for each in results if each.result is Result.DONE]
        if seconds is None or not self.brief.manifest.watches or not names:
            return ring
        watched: list[WatchEntry] = []
        progress.report_phase(f"watch of ring {ring.name}, {seconds:g} s", 2 * len(names))
        for number, wave in enumerate(cut_waves(pick_tenants(self.brief.environment, names)), start=1):
            here = [each.name for each in wave]
            arguments = (self.brief.environment.name, ring.name, number, here, seconds)
            left, _ = run_wave(watch_wave, WATCHED, self.brief, *arguments)
            watched += left
        ring = ring.model_copy(update={"watch": tuple(watched), "watched_seconds": seconds})
        reason = watch_halts(ring, results, watched)
        return halted(ring, reason) if reason else ring

    def _soak(self, ring: RingEntry, plans: Sequence[TenantPlan], results: Sequence[TenantResult]) -> RingEntry:
        seconds = self.brief.environment.policy.rollout.soak_seconds.get(ring.name)
        if not seconds or not any(each.result is Result.DONE for each in results):
            return ring
        reached = pick_tenants(self.brief.environment, [each.name for each in plans if not each.obstacle])
        progress.report_phase(f"soak of ring {ring.name}, {seconds:g} s", len(reached.tenants))
        time.sleep(seconds)
        entries: list[TenantEntry] = []
        for number, wave in enumerate(cut_waves(reached), start=1):
            entries += self._audit_wave(ring.name, number, wave)
        ring = ring.model_copy(update={"soaked_seconds": seconds})
        said = unsettled(results, plans, entries)
        return halted(ring, f"not right any more after its soak: {'; '.join(said)}") if said else ring

    def _audit_wave(self, ring: str, number: int, wave: Sequence[Tenant]) -> list[TenantEntry]:
        arguments = (self.brief.environment.name, ring, number, [each.name for each in wave], self.granularity)
        left, state = run_wave(audit_wave, ENTRIES, self.brief, *arguments)
        found: Mapping[str, TenantEntry] = {each.name: each for each in left}
        error = PgfleetError(f"the audit after the soak broke off: {state.name}: {state.message}")
        return [found.get(each.name) or unjudged(each, error) for each in wave]

    def _document(self, plan: RolloutPlan, *, rehearsal: bool, refusal: str | None = None) -> RolloutDocument:
        manifest = self.brief.manifest
        results = tuple(self.results) or tuple(not_reached(each, refusal or "") for each in plan.tenants)
        outcome = RolloutOutcome.REFUSED if refusal else outcome_of(self.rings, results)
        reasons = [f"ring {each.name}: {each.reason}" for each in self.rings if each.reason]
        return RolloutDocument(
            environment=self.brief.environment.name,
            run_id=str(runtime.flow_run.id),
            plan_digest=plan.digest,
            rehearsal=rehearsal,
            outcome=outcome,
            reason=refusal or "; ".join(reasons) or None,
            started_at=self.started_at,
            finished_at=datetime.now(UTC),
            manifest=ManifestEntry(
                checksum=manifest.checksum, migrations=tuple(each.version for each in manifest.migrations)
            ),
            summary=summarise(results),
            rings=tuple(self.rings),
            tenants=results,
            seeds_alone=not self.scope.migrations,
        )
