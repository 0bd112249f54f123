"""What a rollout does about drift: only what is proven to fix it, and never without consent if rows are lost."""

from collections.abc import Collection, Iterable, Iterator

from pgfleet.catalog.objects import Change, ObjectKind
from pgfleet.documents.entry import StatementEntry
from pgfleet.documents.findings import DifferenceEntry, LedgerState, MigrationEntry, MigrationStatus
from pgfleet.documents.plan import Action, Scope
from pgfleet.repair.model import Strategy


def drift_action(entry: MigrationEntry, scope: Scope, recreate: Collection[str]) -> Action:
    """Its script is not run again if that would create a lost table without consent."""
    if not lost_tables(entry, recreate) and (
        entry.version in scope.rerun or _is_fixed_by_reapplying(entry) or lost_tables(entry, ())
    ):
        return Action.REAPPLY
    if scope.repair and any(_is_fixed_by_statements(entry, each) for each in entry.differences):
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
    if lost := lost_tables(entry, recreate):
        reason = lost[0].repair.reason if lost[0].repair else "its rows are lost"
        return f"table {lost[0].identity} is missing; {reason}"
    by_statements = [each for each in entry.differences if each.repair and each.repair.way is Strategy.SQL]
    if len(by_statements) == len(entry.differences):
        return "running it again is not proven to fix its drift; --repair fixes it"
    return "running it again is not proven to fix its drift; fix it by hand"


def _is_lost(difference: DifferenceEntry) -> bool:
    """Whether the difference is a table that existed and is missing, and its rows with it."""
    is_recreated = difference.repair is not None and difference.repair.way is Strategy.RERUN
    return (difference.kind, difference.change) == (ObjectKind.TABLE, Change.MISSING) and not is_recreated


def lost_tables(entry: MigrationEntry, recreate: Collection[str]) -> list[DifferenceEntry]:
    """The lost tables of a drifted migration that nobody agreed to create again, or that no rerun restores."""
    if entry.status is not MigrationStatus.DRIFTED:
        return []
    lost = (each for each in entry.differences if _is_lost(each))
    return [each for each in lost if each.identity not in recreate or not (each.repair and each.repair.version)]


def recreated_tables(entries: Iterable[MigrationEntry], scope: Scope, home: str | None) -> Iterator[str]:
    """The tenant's lost tables that may be created again, by their qualified names."""
    for each in (one for entry in entries if entry.status is MigrationStatus.DRIFTED for one in entry.differences):
        if _is_lost(each) and {each.identity, each.identity.removeprefix(f"{home}.")} & {*scope.recreate}:
            yield each.identity


def repair_statements(entries: Iterable[MigrationEntry]) -> Iterator[StatementEntry]:
    """The distinct statements that fix what running scripts again does not."""
    seen: set[str] = set()
    for each in (one for entry in entries for one in entry.differences if _is_fixed_by_statements(entry, one)):
        if each.repair:
            yield from (
                StatementEntry(sql=text, hazards=each.repair.hazards, hazard_codes=each.repair.hazard_codes)
                for text in each.repair.statements
                if text not in seen
            )
            seen |= {*each.repair.statements}


def _is_fixed_by_statements(entry: MigrationEntry, difference: DifferenceEntry) -> bool:
    repair = difference.repair
    is_drift = entry.status is MigrationStatus.DRIFTED and not difference.accepted
    return is_drift and repair is not None and repair.way is Strategy.SQL
