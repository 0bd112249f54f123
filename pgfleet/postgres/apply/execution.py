"""Runs a migration's script, with the later ones that it undoes, and proves the result before it is committed."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from pgfleet.catalog.differences import Difference
from pgfleet.catalog.objects import Identity, ObjectKind
from pgfleet.documents.plan import Action, TenantPlan
from pgfleet.errors import ChecksFailed, NotProven
from pgfleet.judge.migration import difference_entry
from pgfleet.manifest.model import Migration
from pgfleet.postgres.query import Query, Rows
from pgfleet.postgres.read.audit_steps import verify
from pgfleet.postgres.read.comparison import TenantInspection
from pgfleet.postgres.read.inspection import inspect_again
from pgfleet.postgres.session import Session
from pgfleet.repair.losses import is_lost
from pgfleet.repair.model import Strategy
from pgfleet.reports.phrases.audit import sentence
from pgfleet.run.context import RunContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What came of a script: the tenant after it, and the later versions that ran with it and are applied now.

    `rows` are those of the queries that the caller sent along with the last look at the tenant.
    """

    after: TenantInspection
    along: tuple[str, ...]
    rows: list[Rows]


def execute(
    session: Session,
    context: RunContext,
    plan: TenantPlan,
    migration: Migration,
    before: TenantInspection,
    also: Sequence[Query] = (),
) -> Execution:
    """Runs the script, and again each later one of the plan that it undoes part of, in the transaction of its caller.

    The caller has checked the script. Raises NotProven, and DatabaseErrors.
    """
    session.run_script(migration.script)
    ran = [migration.version]
    after, rows = inspect_again(session, context, before, frozenset(ran), checks_of=migration.version, also=also)
    while version := next(_undone(plan, ran, before, after), None):
        again = context.migration(version)
        if not again.transactional:
            raise NotProven(f"it undoes part of {version}, which cannot run in the same transaction")
        session.check_script(again.script)
        session.run_script(again.script)
        ran.append(version)
        after, rows = inspect_again(session, context, before, frozenset(ran), checks_of=migration.version, also=also)
    prove(session, context, before, after, migration.version, plan)
    along = tuple(each for each in ran[1:] if _is_proven(session, context, plan, (before, after), each))
    return Execution(after=after, along=along, rows=rows)


def prove(
    session: Session,
    context: RunContext,
    before: TenantInspection,
    after: TenantInspection,
    version: str,
    plan: TenantPlan,
) -> None:
    """Raises NotProven unless the tenant matches the position after the migration, apart from earlier drift.

    Drift that the tenant had before must not be worse, and what reapplying this migration was to fix must be fixed. An
    object that a later migration of this plan changes too is proven with that one. A table that was lost with its rows,
    or a column with its values, must still be missing, unless the plan recreates it.
    """
    check_recreates_nothing(before, after, plan.recreate, session.home)
    later = plan.runs_after(version)
    entry = verify(session, context, after, version)
    known = {each.identity: each for each in before.assessment.drift}
    worse = [each for each in after.assessment.drift if is_worse(each, known.get(each.identity), later)]
    unfixed = [each for each in after.assessment.drift if each.identity in _fixed_by(version, before)]
    own = [difference_entry(each, session.home) for each in (*worse, *unfixed) if each.version == version]
    others = [difference_entry(each, session.home) for each in worse if each.version != version]
    if own:
        raise NotProven(f"it is {entry.status} afterwards: {sentence(entry)}", (*own, *others))
    if not all(each.passed for each in entry.checks):
        raise ChecksFailed(f"after the script ran, {sentence(entry)}", tuple(others))
    if others:
        raise NotProven(f"it damages objects of other migrations: {'; '.join(map(sentence, others))}", tuple(others))


def check_recreates_nothing(
    before: TenantInspection, after: TenantInspection, recreate: Collection[str], home: str
) -> None:
    """Raises NotProven if a lost table or column exists again that is not in `recreate`."""
    repairs = (one for each in before.assessment.repairs.values() for one in each)
    lost = dict.fromkeys(each.identity for each, repair in repairs if is_lost(each, repair))
    created = [each for each in lost if each in after.assessment.found and each.qualified(home) not in recreate]
    if created:
        names = ", ".join(each.qualified(home) for each in created)
        what = "rows" if any(each.kind is ObjectKind.TABLE for each in created) else "values"
        raise NotProven(f"it would create {names} again, without the {what} that were lost")


def _fixed_by(version: str, before: TenantInspection) -> frozenset[Identity]:
    """The objects whose differences reapplying the migration is proven to fix."""
    repairs = before.assessment.repairs.get(version, ())
    return frozenset(each.identity for each, repair in repairs if repair.strategy is Strategy.RERUN)


def _undone(plan: TenantPlan, ran: list[str], before: TenantInspection, after: TenantInspection) -> Iterator[str]:
    """Versions that the plan runs later, that were not run yet, and of which an object differs that did not before."""
    known = {each.identity for each in before.assessment.drift}
    damaged = {each.version for each in after.assessment.drift if each.identity not in known}
    later = plan.runs_after(ran[0])
    return (each.version for each in plan.migrations if each.version in (damaged & later) - {*ran})


def is_worse(found: Difference, before: Difference | None, later: Collection[str]) -> bool:
    """Whether an object differs that did not differ before, or in a way in which it did not."""
    if before is None:
        return True
    if found.version in later or before.actual is None:
        return False
    if found.actual is None:
        return True
    wanted, old, new = found.expected.attributes, before.actual.attributes, found.actual.attributes
    return any(new.get(name) not in (wanted.get(name), old.get(name)) for name in {*wanted, *new})


def _is_proven(
    session: Session,
    context: RunContext,
    plan: TenantPlan,
    inspections: tuple[TenantInspection, TenantInspection],
    version: str,
) -> bool:
    """Whether a later migration that ran in the same transaction is applied, apart from drift that it had before.

    Raises NotProven if it was applied before and is not now.
    """
    before, after = inspections
    known = {each.identity: each for each in before.assessment.drift}
    own = [each for each in after.assessment.drift if each.version == version]
    entry = verify(session, context, after, version)
    is_proven = all(each.passed for each in entry.checks) and not any(
        is_worse(each, known.get(each.identity), ()) for each in own
    )
    if not is_proven and plan.of(version).action is Action.RERUN:
        raise NotProven(f"it undoes part of {version}, which is {entry.status} even after it was run again")
    return is_proven
