"""Runs a migration in its caller's transaction, reruns later ones that it undoes, and proves the outcome."""

from collections.abc import Iterable, Iterator

from pgfleet.catalog.differences import Difference
from pgfleet.documents.audit import MigrationEntry, MigrationStatus
from pgfleet.documents.plan import Action, TenantPlan
from pgfleet.errors import NotProven
from pgfleet.judge.migration import difference_entry
from pgfleet.manifest.model import Migration
from pgfleet.postgres.read.audit_steps import verify
from pgfleet.postgres.read.inspection import TenantInspection, inspect
from pgfleet.postgres.session import Session
from pgfleet.reports.phrases.audit import sentence
from pgfleet.run.context import RunContext


def execute(
    session: Session, context: RunContext, plan: TenantPlan, migration: Migration, before: TenantInspection
) -> tuple[str, ...]:
    """Runs the script, and reruns each later migration of the plan that it partly undoes, in the same transaction.

    Returns the versions of the later ones that are applied now. Raises NotProven, and DatabaseErrors.
    """
    session.run_script(migration.script)
    ran, after = [migration.version], inspect(session, context)
    while version := next(_undone(plan, ran, before, after), None):
        again = context.migration(version)
        if not again.transactional:
            raise NotProven(
                f"it undoes part of {version}, which runs outside a transaction and cannot run along with it"
            )
        session.run_script(again.script)
        ran.append(version)
        after = inspect(session, context)
    prove(session, context, before, after, migration.version, plan.runs_after(migration.version))
    return tuple(each for each in ran[1:] if _is_proven(session, context, plan, after, each))


def prove(
    session: Session,
    context: RunContext,
    before: TenantInspection,
    after: TenantInspection,
    version: str,
    later: Iterable[str] = (),
) -> None:
    """Raises NotProven unless the migration is applied now and no other object is worse than before.

    An object of a `later` migration may differ in another way than before: that migration will be proven too.
    """
    entry = verify(session, context, after, version)
    worse = [
        difference_entry(each, session.home)
        for each in after.differences
        if each.version != version and _is_worse(each, before, later)
    ]
    residual = (*entry.differences, *worse)
    if not _is_applied(entry):
        raise NotProven(f"it is {entry.status} afterwards: {sentence(entry)}", residual)
    if worse:
        raise NotProven(f"it damages objects of other migrations: {'; '.join(map(sentence, worse))}", residual)


def _undone(plan: TenantPlan, ran: list[str], before: TenantInspection, after: TenantInspection) -> Iterator[str]:
    """Later versions of the plan, not rerun yet, that have an object that differs now and did not before."""
    known = {each.identity for each in before.differences}
    damaged = {each.version for each in after.differences if each.identity not in known}
    later = plan.runs_after(ran[0])
    return (each.version for each in plan.migrations if each.version in (damaged & later) - {*ran})


def _is_worse(found: Difference, before: TenantInspection, later: Iterable[str]) -> bool:
    if found in before.differences:
        return False
    return found.version not in later or found.identity not in {each.identity for each in before.differences}


def _is_proven(session: Session, context: RunContext, plan: TenantPlan, after: TenantInspection, version: str) -> bool:
    """Whether a later migration that ran along is applied now. Raises NotProven if it was applied before."""
    entry = verify(session, context, after, version)
    if not _is_applied(entry) and plan.of(version).action is Action.RERUN:
        raise NotProven(f"it undoes part of {version}, which is {entry.status} even after it was run again")
    return _is_applied(entry)


def _is_applied(entry: MigrationEntry) -> bool:
    """Whether it is applied; without objects and checks only the ledger can tell, and its row is written next."""
    return entry.status is MigrationStatus.APPLIED or not (entry.differences or entry.checks)
