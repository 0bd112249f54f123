"""A rollout: plans, asks for approval, and goes from ring to ring. The flows that change tenants share it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from prefect import State, runtime

from pgfleet.documents.audit import Verdict
from pgfleet.documents.plan import Scope, TenantPlan
from pgfleet.documents.ring import RingEntry, RingOutcome
from pgfleet.documents.rollout import RolloutDocument, TenantResult
from pgfleet.documents.rollout_plan import RolloutPlan, ScriptEntry, build_plan, by_ring
from pgfleet.fleet.model import Tenant
from pgfleet.fleet.selection import Selection, cut_waves
from pgfleet.flows import _approval
from pgfleet.flows._ring import Ring
from pgfleet.flows._run import open_run
from pgfleet.flows._waves import all_results, run_waves
from pgfleet.flows.audit_wave import AUDIT
from pgfleet.flows.plan_wave import PLAN
from pgfleet.flows.rollout_wave import DRY_RUN, ROLLOUT
from pgfleet.flows.watch_wave import WATCH
from pgfleet.judge.summary import manifest_entry, skipped_entries
from pgfleet.judge.tenant import check_scripts
from pgfleet.reports import events
from pgfleet.reports.render import markdown
from pgfleet.reports.views.plan import approval_view
from pgfleet.rollout.failures import allowed_failures
from pgfleet.rollout.gate import denial
from pgfleet.rollout.planned_scripts import runs_scripts
from pgfleet.rollout.planning import check_scope
from pgfleet.rollout.results import not_reached
from pgfleet.rollout.reverting import check_down_scripts
from pgfleet.rollout.rings import skip_ring
from pgfleet.rollout.script_entries import list_scripts
from pgfleet.rollout.summary import RolloutOutcome, outcome_of, summarize
from pgfleet.run import progress, squawk
from pgfleet.run.context import Granularity, RunContext
from pgfleet.run.manifest_file import find_manifest
from pgfleet.tasks.publish_rollout import publish_plan, publish_rollout
from pgfleet.tasks.support import results
from pgfleet.tasks.support.events import announce
from pgfleet.tasks.support.inspections import inspections_of, load_inspections, save_inspections
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.results import save_result
from pgfleet.tasks.support.states import rollout_state
from pgfleet.tasks.write_report import write_report_if_configured

WAVES = tuple(each.flow for each in (PLAN, DRY_RUN, ROLLOUT, WATCH, AUDIT))
"""The waves that a rollout may need."""


def roll_out(
    kind: str,
    environment: str,
    selection: Selection,
    scope: Scope,
    granularity: Granularity,
    *,
    dry_run: bool,
    yes: bool,
) -> State[Any]:
    """Carries out what is in the scope, as the current flow run; `kind` is the name of its flow.

    Raises ConfigurationError for a wrong fleet file, manifest, selection, or scope.
    """
    run_id = str(runtime.flow_run.id)
    run = f"{kind} {environment} {run_id[:8]}"
    with open_run(environment, selection, run=run, run_id=run_id, waves=WAVES) as context:
        check_scope(scope, context.manifest)
        return Rollout(context=context, scope=scope, granularity=granularity).run(dry_run=dry_run, yes=yes)


@dataclass(kw_only=True)
class Rollout:
    """A rollout with the rings and results that it has so far."""

    context: RunContext
    scope: Scope
    granularity: Granularity
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    rings: list[RingEntry] = field(default_factory=list)
    results: list[TenantResult] = field(default_factory=list)

    def run(self, *, dry_run: bool, yes: bool) -> State[Any]:
        """Plans, asks if that is required, and goes from ring to ring; returns the final state."""
        plan = self._plan()
        save_result(plan, results.ROLLOUT_PLAN, "The plan", kind=results.PLAN)
        publish_plan(opaque(plan), opaque(self.context), seeds_alone=not self.scope.migrations)
        progress.report_plan(plan)
        refusal = None if dry_run else denial(plan.scripts, plan.environment)
        if not (dry_run or yes or refusal):
            refusal = self._refusal(plan)
        if not refusal:
            self._carry_out(plan, dry_run=dry_run)
        document = self._document(plan, dry_run=dry_run, refusal=refusal)
        save_result(document, results.ROLLOUT_DOCUMENT, "The rollout document")
        place = write_report_if_configured(document, self.context)
        publish_rollout(opaque(document), opaque(self.context), place)
        announce(events.of_rollout(document))
        return rollout_state(document)

    def _plan(self) -> RolloutPlan:
        environment = self.context.environment
        progress.report_phase("plan", len(environment.tenants))
        load_inspections(environment)
        arguments = {"scope": self.scope, "granularity": self.granularity}
        outcomes = run_waves(PLAN, self.context, cut_waves(environment), lambda _: arguments)
        plans = all_results(outcomes, _lost_plan)
        save_inspections(environment, inspections_of(each.run_id for each in outcomes))
        check_scripts((each.script_fault for each in plans), is_any_judged=any(not each.obstacle for each in plans))
        plan = build_plan(environment.name, self.context.manifest.checksum, self.scope, plans)
        if self.scope.revert_to:
            check_down_scripts(plan, self.context.manifest)
        return plan.model_copy(update={"scripts": self._scripts(plan)})

    def _scripts(self, plan: RolloutPlan) -> tuple[ScriptEntry, ...]:
        """What the plan runs, with its hazards."""
        if not any(map(runs_scripts, plan.tenants)):
            return ()
        manifest, policy = self.context.manifest, self.context.environment.policy.rollout.hazards
        return list_scripts(plan.tenants, manifest, policy, squawk.lint_once(manifest, find_manifest().parent))

    def _refusal(self, plan: RolloutPlan) -> str | None:
        """Why the plan may not be carried out; None if it may, or if it changes nothing.

        An answer can take hours. The plan is therefore made again after it, and must be the one that was approved.
        """
        policy = self.context.environment.policy.rollout
        is_asked = policy.approval or _approval.is_at_terminal()
        if not is_asked or not any(each.changes for each in plan.tenants):
            return None
        answer = _approval.read_answer()  # the run was suspended for it, and has started over
        if answer is None and _approval.can_ask():
            page = self._request_approval(plan) if policy.approval else ""
            answer = _approval.ask(plan, page, policy.approval_timeout_seconds)
            plan = self._plan() if answer and answer.approve else plan
        return _approval.refusal(answer, plan)

    def _request_approval(self, plan: RolloutPlan) -> str:
        """The page about the plan; announces that somebody must approve it."""
        page = self._approval_page(plan)
        announce([events.of_approval(plan, str(runtime.flow_run.id))])
        return page

    def _approval_page(self, plan: RolloutPlan) -> str:
        """The plan, with a dry run of the first ring that changes."""
        order = self.context.environment.policy.rings
        rings = by_ring(plan, order)
        first = next(name for name, plans in rings.items() if any(each.changes for each in plans))
        dry_run, _ = self._ring(first, rings[first]).carry_out(None, dry_run=True)
        return markdown.render(approval_view(plan, self.context.manifest, order, dry_run, first), title_level=3)

    def _ring(self, name: str, plans: Sequence[TenantPlan]) -> Ring:
        return Ring(context=self.context, granularity=self.granularity, name=name, plans=plans)

    def _carry_out(self, plan: RolloutPlan, *, dry_run: bool) -> None:
        policy = self.context.environment.policy
        for name, plans in by_ring(plan, policy.rings).items():
            budget = allowed_failures(name, policy.rollout.failure_budgets, len(plans))
            if halting := next((each for each in self.rings if each.outcome is RingOutcome.HALTED), None):
                found = [not_reached(each, f"ring {halting.name} halted") for each in plans]
                ring = skip_ring(name, budget, found)
            else:
                ring, found = self._ring(name, plans).run(budget, dry_run=dry_run)
            self.rings.append(ring)
            self.results += found

    def _document(self, plan: RolloutPlan, *, dry_run: bool, refusal: str | None) -> RolloutDocument:
        environment, manifest = self.context.environment, self.context.manifest
        tenants = tuple(self.results) or tuple(not_reached(each, refusal or "") for each in plan.tenants)
        reasons = [f"ring {each.name}: {each.reason}" for each in self.rings if each.reason]
        return RolloutDocument(
            environment=environment.name,
            run_id=str(runtime.flow_run.id),
            plan_digest=plan.digest,
            dry_run=dry_run,
            outcome=RolloutOutcome.REFUSED if refusal else outcome_of(self.rings, tenants),
            reason=refusal or "; ".join(reasons) or None,
            started_at=self.started_at,
            finished_at=datetime.now(UTC),
            manifest=manifest_entry(manifest),
            summary={**summarize(tenants), "skipped": len(environment.skipped)},
            rings=tuple(self.rings),
            tenants=tenants,
            skipped=skipped_entries(environment.skipped),
            seeds_alone=not self.scope.migrations,
            revert_to=self.scope.revert_to,
            adopt_through=self.scope.adopt_through,
            scripts=plan.scripts,
        )


def _lost_plan(tenant: Tenant, reason: str) -> TenantPlan:
    """The plan of a tenant whose wave saved none: nothing is done."""
    return TenantPlan(name=tenant.name, ring=tenant.ring, obstacle=Verdict.UNKNOWN, reason=reason)
