"""One migration's entry in the audit document."""

from collections.abc import Sequence

from pgfleet.catalog.differences import Difference, omit_implied
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import OccupiedName
from pgfleet.catalog.shared_objects import is_shared
from pgfleet.documents.audit import CheckEntry, DifferenceEntry, MigrationEntry, MigrationStatus, RepairEntry
from pgfleet.judge.migration_status import migration_status
from pgfleet.judge.observations import LedgerRow
from pgfleet.manifest.model import Migration
from pgfleet.repair.model import Repair
from pgfleet.repair.strategy import choose_repairs


def judge_migration(
    migration: Migration,
    expected: ExpectedCatalog,
    differences: Sequence[Difference],
    checks: Sequence[CheckEntry],
    *,
    recorded: LedgerRow | None,
    home: str,
    occupied_names: Sequence[OccupiedName] = (),
) -> MigrationEntry:
    """One migration's state in a tenant whose home schema is `home`; `differences` may be all of the tenant's.

    `recorded` is the migration's ledger row. `occupied_names` prevent a repair that would create an object with such a
    name.
    """
    own = [each for each in differences if each.version == migration.version]
    status = migration_status(migration.version, expected, own, checks, recorded=recorded.state if recorded else None)
    pending = {migration.version} if status is MigrationStatus.PENDING else set()
    explicit = omit_implied(differences)
    repairs = zip(explicit, choose_repairs(explicit, expected, occupied_names, pending=pending), strict=True)
    return MigrationEntry(
        version=migration.version,
        file=migration.file,
        priority=migration.priority,
        status=status,
        differences=tuple(
            difference_entry(each, home, repair) for each, repair in repairs if each.version == migration.version
        ),
        checks=tuple(checks),
        ledger=recorded.state if recorded else None,
        altered=recorded is not None and recorded.checksum != migration.script.checksum,
    )


def difference_entry(difference: Difference, home: str, repair: Repair | None = None) -> DifferenceEntry:
    """A difference as the document shows it, for a tenant whose home schema is `home`, with its repair."""
    return DifferenceEntry(
        kind=difference.identity.kind,
        identity=difference.identity.qualified(home),
        change=difference.change,
        expected=difference.expected.definition,
        actual=difference.actual.definition if difference.actual else None,
        repair=_repair_entry(repair) if repair else None,
        shared=is_shared(difference.identity),
    )


def _repair_entry(repair: Repair) -> RepairEntry:
    return RepairEntry(
        way=repair.strategy,
        version=repair.version,
        statements=tuple(each.text for each in repair.statements),
        hazards=repair.hazards,
        reason=repair.reason,
    )
