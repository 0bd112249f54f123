"""Repairs one tenant: exactly the planned statements, proven, recorded and committed together, or not at all."""

import time
from collections.abc import Callable, Mapping

from pgfleet.catalog.differences import Difference
from pgfleet.catalog.shared_objects import is_shared
from pgfleet.documents.audit import DifferenceEntry, MigrationEntry, MigrationStatus
from pgfleet.documents.repair import TenantRepair
from pgfleet.errors import LedgerUnusable, NotProven, PgfleetError, PlanOutdated
from pgfleet.fleet.model import Tenant
from pgfleet.judge.acceptance import accept
from pgfleet.judge.migration import difference_entry
from pgfleet.manifest.model import Script
from pgfleet.postgres.apply.dry_run import as_dry_run
from pgfleet.postgres.apply.ledger import prepare_ledger, record_repaired
from pgfleet.postgres.apply.row_changes import check_row_losses, read_guards
from pgfleet.postgres.locks import lock_shared, tenant_lock
from pgfleet.postgres.read.audit_steps import verify
from pgfleet.postgres.read.inspection import TenantInspection, inspect
from pgfleet.postgres.session import Session
from pgfleet.postgres.tenant_session import open_session
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
    """What a repair of the tenant would run, with its digest; nothing is run. Raises transient DatabaseErrors."""
    work = _Work(tenant, context)
    return _ending(work, work.look, is_tried_again=True)


def repair(
    tenant: Tenant, context: RunContext, *, dry_run: bool, digest: str | None = None, own_digest: str | None = None
) -> TenantRepair:
    """Repairs the tenant's drifted migrations, or rehearses that; an error is the tenant's own.

    `digest` is that of what was agreed to: where the tenant has changed since, and another repair would be run, nothing
    is; `own_digest` is that of what is left of it once what it shares was repaired through another tenant.
    Raises transient DatabaseErrors, with nothing done.
    """
    began, work = time.monotonic(), _Work(tenant, context, digest, own_digest)

    def carry_out(session: Session) -> TenantRepair:
        return as_dry_run(session, lambda: work.carry_out(session)) if dry_run else work.carry_out(session)

    found = _ending(work, carry_out, is_tried_again=not dry_run)
    return found.model_copy(update={"duration_ms": round(1000 * (time.monotonic() - began))})


def _ending(work: "_Work", step: Callable[[Session], TenantRepair], *, is_tried_again: bool) -> TenantRepair:
    try:
        with open_session(work.tenant, work.context) as session:
            return step(session)
    except PgfleetError as error:
        if error.transient and is_tried_again:
            raise
        residual: tuple[DifferenceEntry, ...] = error.residual if isinstance(error, NotProven) else ()
        return failed_repair(work.tenant.name, work.tenant.ring, error, work.found, residual)


class _Work:
    """One tenant's repair, and what was to be done in it as far as that is known."""

    def __init__(
        self, tenant: Tenant, context: RunContext, digest: str | None = None, own_digest: str | None = None
    ) -> None:
        self.tenant, self.context, self.digest, self.own_digest = tenant, context, digest, own_digest
        self.found: TenantRepair | None = None

    def look(self, session: Session) -> TenantRepair:
        """What is to be done. Raises LedgerUnusable."""
        before = inspect(session, self.context)
        self._plan(before, self._verified(session, before))
        return self._told()

    def carry_out(self, session: Session) -> TenantRepair:
        """All of it in one transaction. Raises PlanOutdated where it is not what was agreed to."""
        with session.transaction(), tenant_lock(session):
            lock_shared(session)  # what is to be repaired is not known before, and another tenant may be at it
            before = inspect(session, self.context)
            entries = self._verified(session, before)
            plan = self._plan(before, entries)
            if self.digest is not None and self._told().digest != self.digest:
                self._refuse_unless_done(plan, before)
            if plan.changes:
                self._run(session, plan, before, entries)
        return self._told()

    def _told(self) -> TenantRepair:
        assert self.found is not None, "it was planned"  # noqa: S101
        return self.found

    def _verified(self, session: Session, inspection: TenantInspection) -> Entries:
        """Every migration, in the manifest's order, with what is accepted marked."""
        found = [verify(session, self.context, inspection, each.version) for each in self.context.manifest.migrations]
        acceptances = self.context.environment.policy.acceptances
        return {each.version: each for each in accept(self.tenant.name, found, acceptances, self.context.today)}

    def _plan(self, before: TenantInspection, entries: Entries) -> RepairPlan:
        if fault := before.observed.ledger_fault:
            raise LedgerUnusable(f"the ledger cannot be used: {fault}")
        differences = find_repairable(before.differences, entries.values(), self.tenant.home)
        alone = [each.version for each in self.context.manifest.migrations if not each.transactional]
        occupied_names = before.observed.catalog.occupied_names
        own = tuple(each for each in differences if not is_shared(each.identity))
        plan, own_plan = (
            plan_repair(each, before.expected, occupied_names, tuple(entries), alone=alone)
            for each in (differences, own)
        )
        beyond = tuple(find_not_repairable(entries.values()))
        found = build_tenant_repair(
            self.tenant.name, self.tenant.ring, self.tenant.home, plan, self._digest(plan), beyond
        )
        self.found = found.model_copy(update={"own_digest": self._digest(own_plan)})
        if plan.changes and before.observed.is_standby:
            raise standby_error()
        return plan

    def _digest(self, plan: RepairPlan) -> str:
        return plan.digest([self.context.migration(each).script.checksum for each in plan.versions])

    def _refuse_unless_done(self, plan: RepairPlan, before: TenantInspection) -> None:
        """What is shared may have been repaired through another tenant of the database since.

        Or an earlier try of this run may have committed, and lost its connection before it was told so.
        """
        if self._told().digest == self.own_digest:
            self.found = mark_shared_already_repaired(self._told())
            return
        run_id = self.context.run_id
        if plan.changes or not run_id or run_id not in {each.run_id for each in before.observed.ledger.values()}:
            raise PlanOutdated("the tenant has changed since its repair was agreed to, and another would be run now")
        self.found = mark_already_repaired(self._told())

    def _run(self, session: Session, plan: RepairPlan, before: TenantInspection, entries: Entries) -> None:
        prepare_ledger(session)
        guards = read_guards(session, self.context)
        for version in plan.versions:
            session.run_script(self.context.migration(version).script)
        for number, statement in enumerate(plan.statements, start=1):
            session.run_script(Script(path=f"statement {number}", sql=statement.text, checksum=""))
        after = self._prove(session, plan, before, entries)
        check_row_losses(guards, read_guards(session, self.context))
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
        """What each migration is now. Raises NotProven unless every target is as expected, and nothing is worse."""
        after = inspect(session, self.context)
        if wrong := tuple(difference_entry(each, session.home) for each in _wrong(plan, before, after)):
            raise NotProven(f"not right afterwards: {'; '.join(map(sentence, wrong))}", wrong)
        found = self._verified(session, after)
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
    targets, known = ({each.identity for each in found} for found in (plan.targets, before.differences))
    return [each for each in after.differences if each.identity in targets or each.identity not in known]
