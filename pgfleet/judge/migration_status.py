"""The state of one migration in one tenant."""

from collections.abc import Iterable, Sequence

from pgfleet.catalog.differences import Difference
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import CatalogObject
from pgfleet.catalog.shared_objects import is_shared
from pgfleet.documents.audit import CheckEntry, LedgerState, MigrationStatus

BY_LEDGER_ALONE = {
    None: MigrationStatus.PENDING,
    LedgerState.STARTED: MigrationStatus.DRIFTED,
    LedgerState.APPLIED: MigrationStatus.APPLIED,
    LedgerState.ADOPTED: MigrationStatus.APPLIED,
}


def migration_status(
    version: str,
    expected: ExpectedCatalog,
    differences: Sequence[Difference],
    checks: Iterable[CheckEntry],
    *,
    recorded: LedgerState | None,
) -> MigrationStatus:
    """Pending, applied or drifted as the glossary has it; unknown where all that could be looked at is right.

    Where the migration makes objects of the tenant's own, those alone say whether it is pending: what it makes besides
    may be there through another tenant of the database.

    `differences` are those of this version alone, implied ones included. A migration that leaves nothing in the
    catalog is judged by its checks, and without any by the ledger, where one that was begun is not yet applied.
    """
    in_ledger = recorded is not None
    passed = [check.passed for check in checks]
    provided = [each.object for each in expected.provenances for step in each.steps if step.version == version]
    if provided and differences:
        nothing_there = _is_missing(provided, differences) and all(each.untouched for each in differences)
        return MigrationStatus.PENDING if nothing_there and not in_ledger else MigrationStatus.DRIFTED
    if not provided and not passed:
        return BY_LEDGER_ALONE[recorded]
    if False in passed:
        return MigrationStatus.DRIFTED if provided or in_ledger else MigrationStatus.PENDING
    return MigrationStatus.UNKNOWN if None in passed else MigrationStatus.APPLIED


def _is_missing(provided: Sequence[CatalogObject], differences: Sequence[Difference]) -> bool:
    """Whether each object differs; of a migration that makes any of the tenant's own, each of those."""
    own = [each for each in provided if not is_shared(each.identity)]
    if not own:
        return len(differences) == len(provided)
    return sum(not is_shared(each.identity) for each in differences) == len(own)
