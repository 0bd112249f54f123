"""What a rollout does about drift, never without consent if data is lost, and the drift that remains."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date

from pgfleet.catalog.objects import Change, ObjectKind
from pgfleet.documents.entry import StatementEntry
from pgfleet.documents.findings import DifferenceEntry, LedgerState, MigrationEntry, MigrationStatus
from pgfleet.documents.plan import Action, Scope
from pgfleet.fleet.model import Acceptance
from pgfleet.judge.acceptance import is_in_force, mark_accepted
from pgfleet.judge.assessment import Assessment
from pgfleet.judge.migration import difference_entry
from pgfleet.repair.model import Strategy


def drift_action(entry: MigrationEntry, scope: Scope, recreate: Collection[str]) -> Action:
    """Its script is not run again if that would create a lost table or column without consent."""
    if not may_not_rerun(entry, recreate) and (
        entry.version in scope.rerun or _is_fixed_by_reapplying(entry) or may_not_rerun(entry, ())
    ):
        return Action.REAPPLY
    if scope.repair and any(_is_fixed_by_statements(entry, each, recreate) for each in entry.differences):
        return Action.REPAIR
    return Action.LEAVE


def _is_fixed_by_reapplying(entry: MigrationEntry) -> bool:
    """Whether running the script again is proven to fix a difference, or finishes what an attempt began."""
    if entry.ledger is LedgerState.STARTED:
        return True
    return any(each.repair and each.repair.way is Strategy.RERUN and not each.accepted for each in entry.differences)


def why_left(entry: MigrationEntry, recreate: Collection[str]) -> str:
    """Why a drifted migration is left as it is, and what fixes it."""
    if not entry.differences:
        failing = ", ".join(each.name for each in entry.checks if not each.passed)
        return f"running it again is not proven to make these checks pass: {failing}"
    if lost := [each for each in entry.differences if _is_lost(each) and not _may_return(each, recreate)]:
        reason = lost[0].repair.reason if lost[0].repair else "its rows are lost"
        return f"{lost[0].kind} {lost[0].identity} is missing; {reason}"
    by_statements = [each for each in entry.differences if _has_statements(each, recreate)]
    if len(by_statements) == len(entry.differences):
        return "running it again is not proven to fix its drift; --repair fixes it"
    return "running it again is not proven to fix its drift; fix it by hand"


def _is_lost(difference: DifferenceEntry) -> bool:
    """Whether the difference is a missing table whose rows, or a missing column whose values, are missing with it."""
    repair = difference.repair
    if (difference.kind, difference.change) == (ObjectKind.TABLE, Change.MISSING):
        return repair is None or repair.way is not Strategy.RERUN
    return _is_lost_column(difference)


def _is_lost_column(difference: DifferenceEntry) -> bool:
    """Whether a way to add a missing column is known, and left to a person."""
    repair = difference.repair
    is_column = (difference.kind, difference.change) == (ObjectKind.COLUMN, Change.MISSING)
    is_known = repair is not None and bool(repair.version or repair.statements)
    return is_column and is_known and repair is not None and repair.way is Strategy.BY_HAND


def _may_return(difference: DifferenceEntry, recreate: Collection[str]) -> bool:
    """Whether somebody agreed to have the lost object without its data, and that can be done."""
    repair = difference.repair
    return difference.identity in recreate and repair is not None and bool(repair.version or repair.statements)


def may_not_rerun(entry: MigrationEntry, recreate: Collection[str]) -> list[DifferenceEntry]:
    """What is lost of a drifted migration that prevents that it is run again, because nobody agreed to that.

    A lost table does even if no rerun restores it; a lost column does not if statements must add it.
    """
    if entry.status is not MigrationStatus.DRIFTED:
        return []
    lost = (each for each in entry.differences if _is_lost(each))
    restored = [each for each in lost if not (_is_lost_column(each) and each.repair and not each.repair.version)]
    return [each for each in restored if not _may_return(each, recreate)]


def recreated(entries: Iterable[MigrationEntry], scope: Scope, home: str | None) -> Iterator[str]:
    """The tenant's lost tables and columns that may be made again, by their qualified names."""
    for each in (one for entry in entries if entry.status is MigrationStatus.DRIFTED for one in entry.differences):
        if _is_lost(each) and {each.identity, each.identity.removeprefix(f"{home}.")} & {*scope.recreate}:
            yield each.identity


def repair_statements(entries: Iterable[MigrationEntry], recreate: Collection[str]) -> Iterator[StatementEntry]:
    """The distinct statements that fix what running scripts again does not."""
    seen: set[str] = set()
    found = ((entry, one) for entry in entries for one in entry.differences)
    for each in (one for entry, one in found if _is_fixed_by_statements(entry, one, recreate)):
        if each.repair:
            yield from (
                StatementEntry(sql=text, hazards=each.repair.hazards, hazard_codes=each.repair.hazard_codes)
                for text in each.repair.statements
                if text not in seen
            )
            seen |= {*each.repair.statements}


def _is_fixed_by_statements(entry: MigrationEntry, difference: DifferenceEntry, recreate: Collection[str]) -> bool:
    is_drift = entry.status is MigrationStatus.DRIFTED and not difference.accepted
    return is_drift and _has_statements(difference, recreate)


def _has_statements(difference: DifferenceEntry, recreate: Collection[str]) -> bool:
    """Whether statements may fix the difference: those that add a lost column only with consent."""
    if difference.repair is None or difference.repair.way is Strategy.SQL:
        return difference.repair is not None
    is_added = _is_lost_column(difference) and not difference.repair.version
    return is_added and _may_return(difference, recreate)


def remaining_drift(
    assessment: Assessment,
    versions: Collection[str],
    acceptances: Collection[Acceptance],
    today: date,
    *,
    tenant: str,
    home: str,
) -> tuple[DifferenceEntry, ...]:
    """The differences of those versions that are applied, without the accepted ones, in the manifest's order."""
    in_force = [each for each in acceptances if is_in_force(each, today)]
    found = [
        mark_accepted(tenant, difference_entry(difference, home, repair), in_force)
        for version in assessment.expected.history.versions
        if version in versions and version in assessment.position.applied
        for difference, repair in assessment.repairs.get(version, ())
    ]
    return tuple(each for each in found if not each.accepted)
