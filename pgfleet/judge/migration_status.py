"""The state of one migration in one tenant."""

from collections.abc import Iterable

from pgfleet.documents.audit import CheckEntry, LedgerState, MigrationStatus
from pgfleet.judge.position import Position


def migration_status(
    version: str,
    position: Position,
    checks: Iterable[CheckEntry],
    *,
    is_traceless: bool,
    has_differences: bool,
    recorded: LedgerState | None,
    has_several_statements: bool = False,
) -> MigrationStatus:
    """Pending, applied, drifted, or unknown, as the glossary defines them.

    A migration that was started and not finished, as the ledger records, is drifted if the catalog cannot tell whether
    it was finished: if it is traceless and has no checks, or if it has several statements.
    """
    if version in position.unknown:
        return MigrationStatus.UNKNOWN
    if version not in position.applied:
        return MigrationStatus.PENDING
    passed = [check.passed for check in checks]
    is_uncertain = has_several_statements or (is_traceless and not passed)
    is_unfinished = recorded is LedgerState.STARTED and is_uncertain
    if has_differences or is_unfinished or False in passed:
        return MigrationStatus.DRIFTED
    return MigrationStatus.UNKNOWN if None in passed else MigrationStatus.APPLIED
