"""Carries out one tenant's plan: the steps in order, on one connection."""

from collections.abc import Callable

from pgfleet.documents.findings import CountEntry, MigrationEntry
from pgfleet.documents.plan import RUNS, Action, TenantPlan
from pgfleet.documents.repair import RepairResult, TenantRepair
from pgfleet.documents.rollout import MigrationStep, Result, SeedStep, StepStatus, TenantResult
from pgfleet.errors import (
    AccessRefused,
    ConnectionFailed,
    ConnectionLost,
    PgfleetError,
    PlanOutdated,
    TransactionInterrupted,
)
from pgfleet.fleet.model import Tenant
from pgfleet.judge.migration import difference_entry
from pgfleet.judge.observations import CountObservation
from pgfleet.judge.tenant import judge_tenant
from pgfleet.judge.unchanged import inspections_in
from pgfleet.manifest.model import Migration, Seed
from pgfleet.postgres.apply.carried_inspection import CarriedInspection
from pgfleet.postgres.apply.ledger import prepare_ledger
from pgfleet.postgres.apply.migration import migrate
from pgfleet.postgres.apply.one_transaction import as_dry_run, in_one_transaction
from pgfleet.postgres.apply.repair import repair_drift
from pgfleet.postgres.apply.revert import revert
from pgfleet.postgres.apply.row_changes import GuardedTables
from pgfleet.postgres.apply.seeding import apply_seed, failed_seed
from pgfleet.postgres.locks import lock_shared
from pgfleet.postgres.read.audit import Runner, directly
from pgfleet.postgres.read.audit_steps import count, verify
from pgfleet.postgres.read.comparison import TenantInspection
from pgfleet.postgres.read.inspection import inspect
from pgfleet.postgres.session import Session
from pgfleet.postgres.tenant_session import open_session
from pgfleet.reports.phrases.audit import sentence
from pgfleet.rollout.drift import remaining_drift
from pgfleet.rollout.planning import accepted_object
from pgfleet.rollout.preconditions import standby_error
from pgfleet.rollout.repair_results import failed_repair
from pgfleet.rollout.results import (
    Counts,
    build_result,
    build_step,
    failed_result,
    failed_step,
    obstructed_result,
)
from pgfleet.rollout.revalidate import is_as_proven
from pgfleet.rollout.transaction_mode import find_failed, roll_back
from pgfleet.rollout.unrun_steps import skipped_step, unrun_revert, unrun_seed, unrun_step
from pgfleet.run.context import RunContext

LOST = (AccessRefused, ConnectionFailed, ConnectionLost)
"""Errors after which the tenant cannot be reached any more."""
NOT_APPLIED_NOW = "it was applied when the plan was made, and is not now"
MORE_THAN_ACCEPTED = "it has more differences than were accepted when the plan was made"
NOT_REPAIRED = "its drift was not repaired"
LOST_BEFORE = "the connection to the tenant was lost before"


def roll_out(
    tenant: Tenant, plan: TenantPlan, context: RunContext, run: Runner = directly, *, dry_run: bool = False
) -> TenantResult:
    """Carries out the plan, or does a dry run of it; a PgfleetError becomes the tenant's result."""
    if plan.obstacle:
        return obstructed_result(plan)
    try:
        with open_session(tenant, context) as session:

            def begin() -> _TenantRollout:
                return _TenantRollout(session, context, plan, run)

            is_whole = plan.is_all_or_nothing and plan.changes
            if dry_run:
                result = as_dry_run(session, lambda: begin().carry_out(), is_exact=is_whole)
                return roll_back(result) if is_whole and result.result is Result.FAILED else result
            return in_one_transaction(session, begin) if is_whole else begin().carry_out()
    except PgfleetError as error:
        return failed_result(plan, error)


class _TenantRollout:
    """One tenant's rollout under way: its steps so far, and the error that lost the tenant, if any."""

    def __init__(self, session: Session, context: RunContext, plan: TenantPlan, run: Runner) -> None:
        self.session, self.context, self.plan, self.run = session, context, plan, run
        self.steps: list[MigrationStep] = []
        self.seeds: list[SeedStep] = []
        self.repair: TenantRepair | None = None
        self.lost: PgfleetError | None = None
        self.has_begun = False
        self.carried = CarriedInspection()

    def carry_out(self) -> TenantResult:
        """Counts, inspects, migrates, seeds, and counts again. Raises errors that occur before anything is changed."""
        if (self.session.is_dry_run or self.plan.is_all_or_nothing) and self.plan.changes:
            lock_shared(self.session)  # first of all: this is one transaction, and others wait for it
        inspection: TenantInspection = self.run(inspect, self.session, self.context, True, self.plan.changes)
        before, self.latest = self._count(inspection), inspection
        if self.plan.changes:
            self._prepare(inspection)
        self.has_begun = True
        for planned in self.plan.migrations:
            migration, action = self.context.migration(planned.version), planned.action
            is_revert = action is Action.REVERT
            self.steps.append(self._revert(migration) if is_revert else self._migrate(migration, action, inspection))
        for name in self.plan.seeds:
            self.seeds.append(self._apply_seed(self.context.seed(name)))
        self._repair()
        after = self._look_again(inspection) if self.plan.changes else before
        result = build_result(self.plan, self._settled_steps(), self.seeds, (before, after), self.lost, self.repair)
        if self.plan.is_all_or_nothing and result.result is Result.FAILED:
            self.latest = inspection  # nothing of it will remain
        remaining = remaining_drift(
            self.latest.assessment,
            self.plan.versions,
            self.context.environment.policy.acceptances,
            self.context.today,
            tenant=self.plan.name,
            home=self.session.home,
        )
        return result.model_copy(update={"remaining": remaining})

    def _prepare(self, inspection: TenantInspection) -> None:
        if inspection.observed.is_standby:
            raise standby_error()
        self.run(prepare_ledger, self.session, self.plan.reverts)
        counts = inspection.prefetched.counts.values()
        existing = frozenset(each.table for each in counts if each.rows is not None)
        self.carried.put(inspection, GuardedTables(self.context, self.session.home, existing))

    def give_up(self, error: PgfleetError) -> TenantResult:
        """The result after an error that ended the tenant's transaction: in the next step, or at its commit."""
        cause = error.__cause__ if isinstance(error.__cause__, PgfleetError) else error
        if isinstance(cause, LOST) or not self.has_begun:
            return failed_result(self.plan, cause)
        for planned in self.plan.migrations[len(self.steps) :]:
            migration, reason = self.context.migration(planned.version), self._stop_reason()
            not_reached = build_step(migration, self.plan, StepStatus.NOT_REACHED, detail=reason)
            self.steps.append(not_reached if reason else failed_step(migration, self.plan, cause))
        for name in self.plan.seeds[len(self.seeds) :]:
            reason = self._stop_reason()
            blocked = SeedStep(name=name, status=StepStatus.NOT_REACHED, detail=reason)
            self.seeds.append(blocked if reason else failed_seed(name, cause))
        ended_it = None if find_failed(self.steps, self.seeds) else cause
        return build_result(self.plan, self._settled_steps(), self.seeds, ({}, {}), ended_it, self.repair)

    def _stop_reason(self) -> str | None:
        """Why no further step begins; None if the next one may."""
        if self.lost:
            return LOST_BEFORE
        if not self.plan.is_all_or_nothing:
            return None
        failed = find_failed(self.steps, self.seeds) or ("the repair" if self.repair and self.repair.error else None)
        failed = failed or next((each.version for each in self.plan.refused), None)
        return f"{failed} failed, and the tenant's rollout is one transaction" if failed else None

    def _repair(self) -> None:
        """Runs the plan's statements, once: after the reapplied migrations that they may need, before pending ones."""
        if not self.plan.statements or self.repair or self._stop_reason():
            return
        try:
            self.carried.forget()
            self.repair = self.run(repair_drift, self.session, self.context, self.plan)
        except PgfleetError as error:
            self._note(error)
            self.repair = self.repair or failed_repair(self.plan.name, self.plan.ring, error)

    def _settled_steps(self) -> list[MigrationStep]:
        """The steps, those of repaired migrations with what came of the repair."""
        is_done = self.repair is not None and self.repair.result in {RepairResult.REPAIRED, RepairResult.UNCHANGED}
        outcome = {"status": StepStatus.DONE} if is_done else {"status": StepStatus.SKIPPED, "detail": NOT_REPAIRED}
        return [each.model_copy(update=outcome) if each.action is Action.REPAIR else each for each in self.steps]

    def _migrate(self, migration: Migration, action: Action, inspection: TenantInspection) -> MigrationStep:
        if action in {Action.REPAIR, Action.APPLY}:
            self._repair()
        if action is Action.REPAIR:
            return build_step(migration, self.plan, StepStatus.SKIPPED)
        if action is Action.SKIP and not self.lost:
            return self._skip(migration, inspection)
        if action is Action.LEAVE and not self.lost:
            return skipped_step(migration, self.plan)
        unrun = unrun_step(migration, self.plan, self.steps, self.context.order, self._stop_reason())
        return unrun or self._run(migration, migrate, self.carried)

    def _run(self, migration: Migration, work: Callable[..., MigrationStep], *also: object) -> MigrationStep:
        try:
            step: MigrationStep = self.run(work, self.session, self.context, self.plan, migration.version, *also)
        except PgfleetError as error:
            self._note(error)
            return failed_step(migration, self.plan, error)
        return step

    def _revert(self, migration: Migration) -> MigrationStep:
        if unrun := unrun_revert(migration, self.plan, self.steps, self._stop_reason()):
            return unrun
        self.carried.forget()
        return self._run(migration, revert)

    def _skip(self, migration: Migration, inspection: TenantInspection) -> MigrationStep:
        """Skips the migration if it is still as planned: applied, or with no more differences than were accepted."""
        own = [each for each, _ in inspection.assessment.repairs.get(migration.version, ())]
        accepted = self.plan.of(migration.version).accepted
        is_as_accepted = all(accepted_object(difference_entry(each, self.session.home)) in accepted for each in own)
        if is_as_accepted or self.plan.of(migration.version).declared:
            return skipped_step(migration, self.plan)
        return failed_step(migration, self.plan, PlanOutdated(MORE_THAN_ACCEPTED if accepted else NOT_APPLIED_NOW))

    def _look_again(self, before: TenantInspection) -> Counts:
        """Verifies what was committed, as the next audit will, and counts again. A lost connection fails no step."""
        if self.lost or self._stop_reason():
            return {}
        try:
            self.latest = self.run(inspect, self.session, self.context, True)
            self.steps = [self._verified(each, before) for each in self.steps]
            self._note_inspection()
            return self._count(self.latest)
        except PgfleetError as error:
            self._note(error)
            return {}

    def _note_inspection(self) -> None:
        """Lets the next run compare with what this one leaves, if nothing is wrong with that."""
        found, manifest = self.latest, self.context.manifest
        if not all(each.version in found.prefetched.checks for each in manifest.migrations):
            return
        entries = [verify(self.session, self.context, found, each.version) for each in manifest.migrations]
        tenant = self.context.tenant(self.plan.name)
        entry = judge_tenant(tenant, found.stamped(entries), found.assessment, entries, (), ())
        self.context.inspected |= {each.name: each for each in inspections_in([entry])}

    def _verified(self, step: MigrationStep, before: TenantInspection) -> MigrationStep:
        if step.status is not StepStatus.DONE or step.action not in RUNS | {Action.REVERT}:
            return step
        found: MigrationEntry = self.run(verify, self.session, self.context, self.latest, step.version)
        known = {each.identity.qualified(self.session.home) for each in before.assessment.drift}
        if is_as_proven(step.action, found, known):
            return step
        outdated = PlanOutdated(f"it was proven and committed, but is {found.status} now: {sentence(found)}")
        return failed_step(self.context.migration(step.version), self.plan, outdated)

    def _apply_seed(self, seed: Seed) -> SeedStep:
        if unrun := unrun_seed(seed, self.steps, self._stop_reason()):
            return unrun
        try:
            step: SeedStep = self.run(apply_seed, self.session, self.context, seed.name, self.carried)
        except PgfleetError as error:
            self._note(error)
            return failed_seed(seed.name, error)
        return step

    def _note(self, error: PgfleetError) -> None:
        """Marks the tenant as lost if the error means that. Raises TransactionInterrupted again."""
        if isinstance(error, TransactionInterrupted):
            raise error
        if isinstance(error, LOST):
            self.lost = error

    def _count(self, inspection: TenantInspection) -> Counts:
        tables = [each.table for each in self.context.manifest.counts]
        counts: list[CountObservation] = [
            self.run(count, self.session, self.context, each, inspection) for each in tables
        ]
        return {
            each.table: None if each.fault else CountEntry(table=each.table, rows=each.rows, exact=each.exact)
            for each in counts
        }
