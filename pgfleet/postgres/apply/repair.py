"""Repairs one tenant: exactly the planned statements, proven, recorded, and committed together, or not at all.

`pgfleet repair` does this for tenants that somebody names, a rollout as part of its plan.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial

from pgfleet.catalog.differences import Difference
from pgfleet.catalog.shared_objects import is_shared
from pgfleet.documents.findings import DifferenceEntry, MigrationEntry, MigrationStatus
from pgfleet.documents.plan import TenantPlan
from pgfleet.documents.repair import TenantRepair
from pgfleet.errors import LedgerUnusable, NotProven, PgfleetError, PlanOutdated
from pgfleet.fleet.model import Tenant
from pgfleet.judge.acceptance import accept
from pgfleet.judge.migration import difference_entry
from pgfleet.manifest.model import Script
from pgfleet.postgres.apply.execution import check_recreates_nothing
from pgfleet.postgres.apply.ledger import prepare_ledger, record_repaired
from pgfleet.postgres.apply.one_transaction import as_dry_run
from pgfleet.postgres.apply.row_changes import GuardedTables, check_row_losses
from pgfleet.postgres.apply.steps import run_step
from pgfleet.postgres.locks import lock_shared, locked_transaction
from pgfleet.postgres.read.audit_steps import verify
from pgfleet.postgres.read.comparison import TenantInspection
from pgfleet.postgres.read.inspection import inspect
from pgfleet.postgres.read.trust import trust_also
from pgfleet.postgres.session import Session
from pgfleet.postgres.tenant_session import open_session
from pgfleet.repair.generate.views import creating
from pgfleet.repair.plan import RepairPlan, plan_repair
from pgfleet.reports.phrases.audit import sentence
from pgfleet.rollout.preconditions import standby_error
from pgfleet.rollout.repair_results import (
    build_tenant_repair,
    failed_repair,
    mark_already_repaired,
    mark_shared_already_repaired,
)
from pgfleet.rollout.repairable import find_newly_failing, find_not_repairable, find_repairable, is_accounted_for
from pgfleet.run.context import RunContext

Entries = Mapping[str, MigrationEntry]


def preview(tenant: Tenant, context: RunContext) -> TenantRepair:
    """What a repair of the tenant would run, with its digest. Raises transient DatabaseErrors."""
    work = _TenantRepair(tenant, context)
    return _run(work, work.preview, is_retried=True)


def repair(
    tenant: Tenant, context: RunContext, *, dry_run: bool, digest: str | None = None, own_digest: str | None = None
) -> TenantRepair:
    """Repairs the tenant's drifted migrations, or does a dry run of that; a permanent error becomes the result.

    `digest` identifies the approved repair: if the tenant now needs a different one, nothing runs. `own_digest`
    identifies what remains of it once the shared objects were repaired through another tenant. Raises transient
    DatabaseErrors, with nothing done.
    """
    began, work = time.monotonic(), _TenantRepair(tenant, context, digest, own_digest)

    def carry_out(session: Session) -> TenantRepair:
        return as_dry_run(session, lambda: work.carry_out(session)) if dry_run else work.carry_out(session)

    found = _run(work, carry_out, is_retried=not dry_run)
    return found.model_copy(update={"duration_ms": round(1000 * (time.monotonic() - began))})


def _run(work: "_TenantRepair", step: Callable[[Session], TenantRepair], *, is_retried: bool) -> TenantRepair:
    try:
        with open_session(work.tenant, work.context) as session:
            return step(session)
    except PgfleetError as error:
        if error.transient and is_retried:
            raise
        return _failed(work, error)


def _failed(work: "_TenantRepair", error: PgfleetError) -> TenantRepair:
    residual: tuple[DifferenceEntry, ...] = error.residual if isinstance(error, NotProven) else ()
    return failed_repair(work.tenant.name, work.tenant.ring, error, work.planned, residual)


def repair_drift(session: Session, context: RunContext, plan: TenantPlan) -> TenantRepair:
    """Runs the statements of a rollout's plan that are still needed; a permanent error becomes the result.

    Raises transient DatabaseErrors, with nothing done, and TransactionInterrupted.
    """
    work = _TenantRepair(context.tenant(plan.name), context, plan=plan)
    return run_step(lambda: work.carry_out(session), partial(_failed, work))


class _TenantRepair:
    """One tenant's repair under way, and its entry in the document once it is `planned`.

    With a `plan` it is part of a rollout: it runs only statements of that plan.
    """

    def __init__(
        self,
        tenant: Tenant,
        context: RunContext,
        digest: str | None = None,
        own_digest: str | None = None,
        *,
        plan: TenantPlan | None = None,
    ) -> None:
        self.tenant, self.context, self.digest, self.own_digest = tenant, context, digest, own_digest
        self.rollout = plan
        self.planned: TenantRepair | None = None

    def preview(self, session: Session) -> TenantRepair:
        """Plans the repair without running it. Raises LedgerUnusable."""
        before = inspect(session, self.context)
        self._plan(before, self._verify_all(session, before))
        return self._entry()

    def carry_out(self, session: Session) -> TenantRepair:
        """Plans and runs the repair in one transaction. Raises PlanOutdated if it is not the approved one."""
        with locked_transaction(session):
            lock_shared(
                session
            )  # which objects to repair is unknown until then, and another tenant may be repairing shared ones
            before = inspect(session, self.context)
            entries = self._verify_all(session, before)
            plan = self._plan(before, entries)
            if self.digest is not None and self._entry().digest != self.digest:
                self._require_already_done(plan, before)
            if plan.changes:
                self._execute(session, plan, before, entries)
        return self._entry()

    def _entry(self) -> TenantRepair:
        assert self.planned is not None, "it is planned"  # noqa: S101
        return self.planned

    def _verify_all(self, session: Session, inspection: TenantInspection) -> Entries:
        """Every migration, in the manifest's order, with accepted differences marked."""
        found = [verify(session, self.context, inspection, each.version) for each in self.context.manifest.migrations]
        acceptances = self.context.environment.policy.acceptances
        return {each.version: each for each in accept(self.tenant.name, found, acceptances, self.context.today)}

    def _plan(self, before: TenantInspection, entries: Entries) -> RepairPlan:
        if fault := before.observed.ledger_fault:
            raise LedgerUnusable(f"the ledger cannot be used: {fault}")
        home, recreate = self.tenant.home, self._recreated
        within = [each for version, each in entries.items() if self.rollout is None or version in self.rollout.versions]
        differences = find_repairable(before.assessment.drift, within, home)
        alone = [each.version for each in self.context.manifest.migrations if not each.transactional]
        occupied_names = before.observed.catalog.occupied_names
        own = tuple(each for each in differences if not is_shared(each.identity))
        plan, own_plan = (
            plan_repair(
                each,
                before.expected,
                occupied_names,
                tuple(entries),
                alone=alone,
                recorded=before.records.known,
                recreate=[each.identity for each in differences if each.identity.qualified(home) in recreate],
                facts=before.assessment.facts,
                unexpected=before.observed.catalog.unexpected,
                statements_only=self.rollout is not None,
            )
            for each in (differences, own)
        )
        beyond = tuple(find_not_repairable(entries.values()))
        found = build_tenant_repair(self.tenant.name, self.tenant.ring, home, plan, self._digest(plan), beyond)
        self.planned = found.model_copy(update={"own_digest": self._digest(own_plan)})
        if plan.changes and before.observed.is_standby:
            raise standby_error()
        approved = {each.sql for each in self.rollout.statements} if self.rollout else None
        if approved is not None and not {each.text for each in plan.statements} <= approved:
            raise PlanOutdated("the tenant has changed since the plan was made, and now needs a different repair")
        return plan

    @property
    def _recreated(self) -> tuple[str, ...]:
        """The lost tables and columns that may be made again, by their qualified names."""
        return self.rollout.recreate if self.rollout else ()

    def _digest(self, plan: RepairPlan) -> str:
        return plan.digest([self.context.migration(each).script.checksum for each in plan.versions])

    def _require_already_done(self, plan: RepairPlan, before: TenantInspection) -> None:
        """Raises PlanOutdated unless the digest differs because (part of) the repair is already done.

        The shared objects may have been repaired through another tenant of the database, or an earlier attempt of this
        run may have committed and then lost its connection.
        """
        if self._entry().digest == self.own_digest:
            self.planned = mark_shared_already_repaired(self._entry())
            return
        run_id = self.context.run_id
        if plan.changes or not run_id or run_id not in {each.run_id for each in before.observed.ledger.values()}:
            raise PlanOutdated("the tenant has changed since its repair was approved, and now needs a different one")
        self.planned = mark_already_repaired(self._entry())

    def _execute(self, session: Session, plan: RepairPlan, before: TenantInspection, entries: Entries) -> None:
        prepare_ledger(session)
        guards = GuardedTables(self.context, session.home).fetch(session)
        scripts = [self.context.migration(version).script for version in plan.versions]
        for number, statement in enumerate(plan.statements, start=1):
            scripts.append(Script(path=f"statement {number}", sql=statement.text, checksum=""))
        made = {text: each for each in plan.targets for text in creating(each.expected)}
        for script in scripts:
            session.check_script(script)
            session.run_script(script)
            if script.sql in made:
                session.trust = trust_also(session.trust, made[script.sql].identity, session.home)
        after = self._prove(session, plan, before, entries)
        check_row_losses(guards, GuardedTables(self.context, session.home).fetch(session))
        for version in (each for each in entries if each in _touched(plan)):
            record_repaired(
                session,
                self.context.migration(version),
                before.observed.ledger.get(version),
                run_id=self.context.run_id,
                was_rerun=version in plan.versions,
                is_applied=after[version].status is MigrationStatus.APPLIED,
            )

    def _prove(self, session: Session, plan: RepairPlan, before: TenantInspection, entries: Entries) -> Entries:
        """Every migration now. Raises NotProven unless every target is as expected and nothing is worse."""
        after = inspect(session, self.context)
        check_recreates_nothing(before, after, self._recreated, session.home)
        if wrong := tuple(difference_entry(each, session.home) for each in _wrong(plan, before, after)):
            raise NotProven(f"still differs afterwards: {'; '.join(map(sentence, wrong))}", wrong)
        found = self._verify_all(session, after)
        for version, entry in found.items():
            if version in _touched(plan) and not is_accounted_for(entry):
                raise NotProven(f"{version} is {entry.status} afterwards: {sentence(entry)}")
            if failing := find_newly_failing(entries[version], entry):
                raise NotProven(f"checks of {version} that passed do not pass afterwards: {', '.join(failing)}")
        return found


def _touched(plan: RepairPlan) -> frozenset[str]:
    return frozenset({*plan.versions, *(each.version for each in plan.targets)})


def _wrong(plan: RepairPlan, before: TenantInspection, after: TenantInspection) -> list[Difference]:
    """Targets that differ still, and what differs now and did not before."""
    targets, known = ({each.identity for each in found} for found in (plan.targets, before.assessment.drift))
    return [each for each in after.assessment.drift if each.identity in targets or each.identity not in known]
