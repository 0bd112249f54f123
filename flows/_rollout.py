"""A rollout under way, ring after ring: what the flows that change tenants have in common."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from prefect import State, runtime

from pgfleet.documents.audit import ManifestEntry, TenantEntry
from pgfleet.documents.plan import RolloutPlan, Scope, TenantPlan, build_plan, by_ring
from pgfleet.documents.rollout import (
    RestartEntry,
    Result,
    RingEntry,
    RingOutcome,
    RolloutDocument,
    TenantResult,
    WatchEntry,
)
from pgfleet.errors import PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.fleet.selection import cut_waves, pick_tenants
from pgfleet.flows import _approval
from pgfleet.flows._ring import RingWork, go_through_ring, lost_plan, names_of
from pgfleet.flows._waves import Outcome, lost_reason, of_all, run_waves
from pgfleet.flows.audit_wave import audit_wave, lost_entry
from pgfleet.flows.plan_wave import plan_wave
from pgfleet.flows.rollout_wave import dry_run_wave, rollout_wave
from pgfleet.flows.watch_wave import watch_wave
from pgfleet.judge.summary import skipped_entries
from pgfleet.reports import events
from pgfleet.reports.rollout_markdown import approval_page
from pgfleet.rollout.activity import unwatched_entries
from pgfleet.rollout.failure_budget import allowed_failures
from pgfleet.rollout.results import not_reached
from pgfleet.rollout.rings import (
    find_unsettled,
    finish_ring,
    halt_ring,
    has_changed,
    skip_ring,
    time_ring,
    watch_halt_reason,
)
from pgfleet.rollout.summary import RolloutOutcome, outcome_of, summarize
from pgfleet.run import progress
from pgfleet.run.context import Granularity, RunContext
from pgfleet.tasks.publish_rollout import publish_plan, publish_rollout
from pgfleet.tasks.restart_service import restart_service
from pgfleet.tasks.support.events import announce
from pgfleet.tasks.support.results import ENTRIES, PLAN, PLANS, ROLLOUT_DOCUMENT, ROLLOUT_PLAN, WATCHED, save_result
from pgfleet.tasks.support.states import rollout_state
from pgfleet.tasks.write_report import write_report_if_configured

WAVES = (plan_wave, dry_run_wave, rollout_wave, watch_wave, audit_wave)
"""Whatever waves a rollout may come to."""


@dataclass(kw_only=True)
class Rollout:
    """One rollout: what all its parts need to know, and what has come of it so far."""

    context: RunContext
    scope: Scope
    granularity: Granularity
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    rings: list[RingEntry] = field(default_factory=list)
    results: list[TenantResult] = field(default_factory=list)

    def run(self, *, dry_run: bool, yes: bool) -> State[Any]:
        """Plans, asks where the policy wants it, and goes from ring to ring; the run's final state."""
        plan = self.plan()
        refusal = None if dry_run or yes else self._refusal(plan)
        if refusal:
            document = self._document(plan, dry_run=False, refusal=refusal)
        else:
            self._carry_out(plan, dry_run=dry_run)
            document = self._document(plan, dry_run=dry_run)
        save_result(document, ROLLOUT_DOCUMENT, "The rollout document")
        publish_rollout(document, self.context, write_report_if_configured(document, self.context))
        announce(events.of_rollout(document))
        return rollout_state(document)

    def plan(self) -> RolloutPlan:
        """What is to be done in every tenant, published and announced; nothing is written in any."""
        plan = self._make_plan()
        save_result(plan, ROLLOUT_PLAN, "The plan", kind=PLAN)
        publish_plan(plan, self.context, seeds_alone=not self.scope.migrations)
        progress.report_plan(plan)
        return plan

    def _make_plan(self) -> RolloutPlan:
        environment = self.context.environment
        waves = cut_waves(environment)
        progress.report_phase("plan", len(environment.tenants))
        calls = [
            (environment.name, wave[0].ring, number, names_of(wave), self.scope, self.granularity)
            for number, wave in enumerate(waves, start=1)
        ]
        outcomes = run_waves(plan_wave, PLANS, self.context, calls)
        plans = of_all(outcomes, waves, lost_plan)
        return build_plan(self.context.environment.name, self.context.manifest.checksum, self.scope, plans)

    def _refusal(self, plan: RolloutPlan) -> str | None:
        """Why the plan may not be carried out; None if it may, or if there is nothing in it to be approved.

        An answer can take hours, so the plan is made anew after it: what was approved must be what is done.
        """
        policy = self.context.environment.policy.rollout
        if not policy.approval or not any(each.changes for each in plan.tenants):
            return None
        answer = _approval.given_answer()  # the run was suspended for it, and has begun anew
        if answer is None and _approval.can_ask():
            ring, dry_run = self._dry_run_first_ring(plan)
            page = self._approval_page(plan, ring, dry_run)
            announce([events.of_question(plan, str(runtime.flow_run.id))])
            answer = _approval.ask(plan, page, policy.approval_timeout_seconds)
            plan = self._make_plan() if answer and answer.approve else plan
        return _approval.refusal(answer, plan)

    def _dry_run_first_ring(self, plan: RolloutPlan) -> tuple[str, list[TenantResult]]:
        """The first ring in which anything is to be done, and how it went there."""
        rings = by_ring(plan, self.context.environment.policy.rings)
        ring = next(name for name, plans in rings.items() if any(each.changes for each in plans))
        return ring, self._go_through(ring, rings[ring], None, dry_run=True).results

    def _approval_page(self, plan: RolloutPlan, ring: str, dry_run: Sequence[TenantResult]) -> str:
        return approval_page(plan, self.context.manifest, self.context.environment.policy.rings, dry_run, ring)

    def _carry_out(self, plan: RolloutPlan, *, dry_run: bool) -> None:
        policy = self.context.environment.policy
        for name, plans in by_ring(plan, policy.rings).items():
            budget = allowed_failures(name, policy.rollout.failure_budgets, len(plans))
            if halting := next((each for each in self.rings if each.outcome is RingOutcome.HALTED), None):
                results = [not_reached(each, f"ring {halting.name} halted") for each in plans]
                self.rings.append(skip_ring(name, budget, results))
            else:
                started_at = datetime.now(UTC)
                work = self._go_through(name, plans, budget, dry_run=dry_run)
                results = work.results
                ring = finish_ring(name, budget, results, work.waves, dry_run=dry_run)
                ring = ring if dry_run else self._settle(ring, plans, results)
                self.rings.append(time_ring(ring, started_at, datetime.now(UTC)))
            self.results += results

    def _go_through(self, ring: str, plans: Sequence[TenantPlan], budget: int | None, *, dry_run: bool) -> RingWork:
        return go_through_ring(self.context, self.granularity, ring, plans, budget, dry_run=dry_run)

    def _settle(self, ring: RingEntry, plans: Sequence[TenantPlan], results: Sequence[TenantResult]) -> RingEntry:
        """After a ring: restarts its services and watches its tenants, if anything changed, and lets it soak."""
        if has_changed(results):
            ring = ring.model_copy(update={"restarts": tuple(self._restart_services())})
            lost = [each.service for each in ring.restarts if not each.restarted]
            if lost:
                return halt_ring(ring, ring.reason or f"not restarted: {', '.join(lost)}")
        if ring.outcome is RingOutcome.HALTED:
            return ring
        if has_changed(results):
            ring = self._watch(ring, results)
        return ring if ring.outcome is RingOutcome.HALTED else self._soak(ring, plans, results)

    def _restart_services(self) -> Iterator[RestartEntry]:
        for each in self.context.environment.policy.rollout.restarts:
            try:
                yield restart_service(each.service, self.context)
            except PgfleetError as error:
                yield RestartEntry(service=each.service, restarted=False, detail=str(error))

    def _watch(self, ring: RingEntry, results: Sequence[TenantResult]) -> RingEntry:
        seconds = self.context.environment.policy.rollout.watch_seconds
        names = [each.name for each in results if each.result is Result.DONE]
        if seconds is None or not self.context.manifest.watches or not names:
            return ring
        progress.report_phase(f"watch of ring {ring.name}, {seconds:g} s", 2 * len(names))
        waves = cut_waves(pick_tenants(self.context.environment, names))
        environment = self.context.environment.name
        calls = [
            (environment, ring.name, number, names_of(wave), seconds) for number, wave in enumerate(waves, start=1)
        ]
        outcomes = run_waves(watch_wave, WATCHED, self.context, calls)
        watched = [
            each
            for outcome, wave in zip(outcomes, waves, strict=True)
            for each in (*outcome.results, *self._unwatched(outcome, wave, seconds))
        ]
        ring = ring.model_copy(update={"watch": tuple(watched), "watched_seconds": seconds})
        reason = watch_halt_reason(ring, results, watched)
        return halt_ring(ring, reason) if reason else ring

    def _unwatched(self, outcome: Outcome[WatchEntry], wave: Sequence[Tenant], seconds: float) -> Iterator[WatchEntry]:
        """Of the tenants of which a wave that broke off left nothing."""
        seen = {each.tenant for each in outcome.results}
        for tenant in (each.name for each in wave if each.name not in seen):
            yield from unwatched_entries(self.context.manifest.watches, tenant, lost_reason(outcome), seconds=seconds)

    def _soak(self, ring: RingEntry, plans: Sequence[TenantPlan], results: Sequence[TenantResult]) -> RingEntry:
        seconds = self.context.environment.policy.rollout.soak_seconds.get(ring.name)
        if not seconds or not any(each.result is Result.DONE for each in results):
            return ring
        reached = pick_tenants(self.context.environment, [each.name for each in plans if not each.obstacle])
        progress.report_phase(f"soak of ring {ring.name}, {seconds:g} s", len(reached.tenants))
        time.sleep(seconds)
        entries = self._audit_waves(ring.name, cut_waves(reached))
        ring = ring.model_copy(update={"soaked_seconds": seconds})
        said = find_unsettled(results, plans, entries)
        return halt_ring(ring, f"not right any more after its soak: {'; '.join(said)}") if said else ring

    def _audit_waves(self, ring: str, waves: Sequence[Sequence[Tenant]]) -> list[TenantEntry]:
        name = self.context.environment.name
        calls = [(name, ring, number, names_of(wave), self.granularity) for number, wave in enumerate(waves, start=1)]
        outcomes = run_waves(audit_wave, ENTRIES, self.context, calls)
        return of_all(outcomes, waves, lost_entry)

    def _document(self, plan: RolloutPlan, *, dry_run: bool, refusal: str | None = None) -> RolloutDocument:
        manifest = self.context.manifest
        results = tuple(self.results) or tuple(not_reached(each, refusal or "") for each in plan.tenants)
        outcome = RolloutOutcome.REFUSED if refusal else outcome_of(self.rings, results)
        reasons = [f"ring {each.name}: {each.reason}" for each in self.rings if each.reason]
        return RolloutDocument(
            environment=self.context.environment.name,
            run_id=str(runtime.flow_run.id),
            plan_digest=plan.digest,
            dry_run=dry_run,
            outcome=outcome,
            reason=refusal or "; ".join(reasons) or None,
            started_at=self.started_at,
            finished_at=datetime.now(UTC),
            manifest=ManifestEntry(
                checksum=manifest.checksum, migrations=tuple(each.version for each in manifest.migrations)
            ),
            summary={**summarize(results), "skipped": len(self.context.environment.skipped)},
            rings=tuple(self.rings),
            tenants=results,
            skipped=skipped_entries(self.context.environment.skipped),
            seeds_alone=not self.scope.migrations,
        )
