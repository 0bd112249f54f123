"""Repairs one tenant: exactly the planned statements, proven, recorded and committed together, or not at all."""

import time
from collections.abc import Collection, Mapping

from pgfleet.brief import Brief
from pgfleet.catalog.model import Identity
from pgfleet.errors import NotProven, PgfleetError, PlanOutdated
from pgfleet.fleet.model import Tenant
from pgfleet.judge.document import DifferenceEntry, MigrationEntry, MigrationStatus
from pgfleet.judge.tenant import difference_entry
from pgfleet.manifest.model import Migration
from pgfleet.pg.changes import read_guards, refuse_shrinkage
from pgfleet.pg.ledger import prepare_ledger, record_repaired
from pgfleet.pg.locks import tenant_lock
from pgfleet.pg.rehearsal import rehearse
from pgfleet.pg.session import Session
from pgfleet.pg.survey import refuse_silent
from pgfleet.pg.verification import Findings, inspect, open_session, verify
from pgfleet.render.words import sentence
from pgfleet.repair.plan import RepairPlan, plan_repair
from pgfleet.rollout.repairing import TenantRepair, failed_repair, tenant_repair


def repair(tenant: Tenant, brief: Brief, *, rehearsal: bool, digest: str | None = None) -> TenantRepair:
    """Repairs the tenant's drifted migrations, or rehearses that; an error is the tenant's own.

    `digest` is that of what was agreed to: where the tenant has changed since, and another repair would be run, nothing
    is. Raises transient DatabaseErrors, with nothing done.
    """
    began, work = time.monotonic(), _Work(tenant, brief, digest)
    try:
        refuse_silent(tenant, brief)
        with open_session(tenant, brief) as session:
            found = rehearse(session, lambda: work.carry_out(session)) if rehearsal else work.carry_out(session)
    except PgfleetError as error:
        if error.transient and not rehearsal:
            raise
        residual: tuple[DifferenceEntry, ...] = error.residual if isinstance(error, NotProven) else ()
        found = failed_repair(tenant.name, tenant.ring, error, work.found, residual)
    return found.model_copy(update={"duration_ms": round(1000 * (time.monotonic() - began))})


class _Work:
    """One tenant's repair, and what was to be done in it as far as that is known."""

    def __init__(self, tenant: Tenant, brief: Brief, digest: str | None) -> None:
        self.tenant, self.brief, self.digest = tenant, brief, digest
        self.found: TenantRepair | None = None

    def carry_out(self, session: Session) -> TenantRepair:
        with session.transaction(), tenant_lock(session):
            before = inspect(session, self.brief)
            entries = {each.version: verify(session, self.brief, before, each.version) for each in self._migrations}
            plan = self._plan(before, entries)
            if plan.changes:
                self._run(session, plan, before)
        assert self.found is not None, "it was planned"  # noqa: S101
        return self.found

    @property
    def _migrations(self) -> tuple[Migration, ...]:
        return self.brief.manifest.migrations

    def _plan(self, before: Findings, entries: Mapping[str, MigrationEntry]) -> RepairPlan:
        drifted = {version for version, each in entries.items() if each.status is MigrationStatus.DRIFTED}
        differences = [each for each in before.differences if each.version in drifted]
        versions = [each.version for each in self._migrations]
        plan = plan_repair(differences, before.expected, before.inspection.catalog.holders, versions)
        scripts = [self.brief.migration(each).script.checksum for each in plan.versions]
        found = plan.digest(scripts)
        self.found = tenant_repair(self.tenant.name, self.tenant.ring, self.tenant.home, plan, found)
        if self.digest is not None and self.digest != found:
            raise PlanOutdated("the tenant has changed since its repair was agreed to, and another would be run now")
        return plan

    def _run(self, session: Session, plan: RepairPlan, before: Findings) -> None:
        prepare_ledger(session)
        guards = read_guards(session, self.brief)
        for version in plan.versions:
            session.run_script(self.brief.migration(version).script)
        for statement in plan.statements:
            session.run_script(statement.text)
        self._prove(session, plan, before)
        refuse_shrinkage(guards, read_guards(session, self.brief))
        for version in {*plan.versions, *(each.version for each in plan.targets)}:
            recorded = before.inspection.ledger.get(version)
            record_repaired(session, self.brief.migration(version), recorded, run_id=self.brief.run_id)

    def _prove(self, session: Session, plan: RepairPlan, before: Findings) -> None:
        """Raises NotProven unless every target is as expected now, and nothing else is worse than before."""
        after = inspect(session, self.brief)
        known: Collection[Identity] = {each.identity for each in before.differences}
        targets = {each.identity for each in plan.targets}
        wrong = [each for each in after.differences if each.identity in targets or each.identity not in known]
        residual = tuple(difference_entry(each, session.home) for each in wrong)
        if residual:
            raise NotProven(f"not right afterwards: {'; '.join(map(sentence, residual))}", residual)
