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
    """Pending, applied, or drifted as the glossary defines; unknown if no problem was found but a check has no result.

    `differences` are those of this version, including implied ones. If the migration creates objects in the home
    schema, only these decide whether it is pending: another tenant of the database may have created the shared ones.

    A migration that leaves nothing in the catalog is judged by its checks. Without checks, the ledger decides; a
    migration that the ledger reports as started is not applied.
    """
    in_ledger = recorded is not None
    passed = [check.passed for check in checks]
    provided = [each.object for each in expected.provenances for step in each.steps if step.version == version]
    if provided and differences:
        is_absent = _is_missing(provided, differences) and all(each.untouched for each in differences)
        return MigrationStatus.PENDING if is_absent and not in_ledger else MigrationStatus.DRIFTED
    if not provided and not passed:
        return BY_LEDGER_ALONE[recorded]
    if False in passed:
        return MigrationStatus.DRIFTED if provided or in_ledger else MigrationStatus.PENDING
    return MigrationStatus.UNKNOWN if None in passed else MigrationStatus.APPLIED


def _is_missing(provided: Sequence[CatalogObject], differences: Sequence[Difference]) -> bool:
    """Whether every object differs; if the migration creates objects in the home schema, every one of these."""
    own = [each for each in provided if not is_shared(each.identity)]
    if not own:
        return len(differences) == len(provided)
    return sum(not is_shared(each.identity) for each in differences) == len(own)
