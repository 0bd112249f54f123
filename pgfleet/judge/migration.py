"""One migration's entry in the audit document."""

from collections.abc import Iterable, Sequence

from pgfleet.catalog.differences import Difference
from pgfleet.catalog.shared_objects import is_shared
from pgfleet.documents.findings import (
    CheckEntry,
    DifferenceEntry,
    LedgerState,
    MigrationEntry,
    MigrationStatus,
    RepairEntry,
)
from pgfleet.judge.assessment import Assessment
from pgfleet.judge.observations import LedgerRow
from pgfleet.judge.position import Position
from pgfleet.manifest.model import Migration
from pgfleet.manifest.source.ledger import Recorded
from pgfleet.parser.statements import split
from pgfleet.repair.model import Repair

MOST_CHARACTERS = 20_000
"""Of a tenant's definition in a document."""


def judge_migration(
    migration: Migration,
    assessment: Assessment,
    checks: Sequence[CheckEntry],
    *,
    recorded: LedgerRow | None,
    tool: Recorded | None = None,
    home: str,
) -> MigrationEntry:
    """One migration's state in a tenant whose home schema is `home`; `recorded` is the migration's ledger row.

    `tool` is what the migration tool's ledger records, if there is one.
    """
    version, repairs = migration.version, assessment.repairs.get(migration.version, ())
    return MigrationEntry(
        version=version,
        file=migration.file,
        priority=migration.priority,
        status=migration_status(
            version,
            assessment.position,
            checks,
            is_traceless=assessment.is_traceless(version),
            has_differences=bool(repairs),
            recorded=recorded.state if recorded else None,
            has_several_statements=recorded is not None and _has_several_statements(migration, recorded),
        ),
        evidence=assessment.position.evidence[version],
        differences=tuple(difference_entry(each, home, repair) for each, repair in repairs),
        checks=tuple(checks),
        ledger=recorded.state if recorded else None,
        in_tool_ledger=version in tool.versions if tool else None,
        altered=recorded is not None and recorded.checksum != migration.script.checksum,
    )


def _has_several_statements(migration: Migration, recorded: LedgerRow) -> bool:
    """Whether a started migration has several statements; a script is parsed only if it was started."""
    return recorded.state is LedgerState.STARTED and len(split(migration.script.sql)) > 1


def difference_entry(difference: Difference, home: str, repair: Repair | None = None) -> DifferenceEntry:
    """A difference as the document shows it, for a tenant whose home schema is `home`, with its repair."""
    actual, left_out = cut_definition(difference.actual.definition) if difference.actual else (None, 0)
    return DifferenceEntry(
        kind=difference.identity.kind,
        identity=difference.identity.qualified(home),
        change=difference.change,
        expected=difference.expected.definition,
        actual=actual,
        actual_left_out=left_out,
        repair=_repair_entry(repair) if repair else None,
        shared=is_shared(difference.identity),
    )


def cut_definition(text: str) -> tuple[str, int]:
    """The beginning of a tenant's definition, and how many characters were left out."""
    return text[:MOST_CHARACTERS], max(0, len(text) - MOST_CHARACTERS)


def _repair_entry(repair: Repair) -> RepairEntry:
    return RepairEntry(
        way=repair.strategy,
        version=repair.version,
        statements=tuple(each.text for each in repair.statements),
        hazards=repair.hazards,
        hazard_codes=tuple(dict.fromkeys(each.code for each in repair.hazards)),
        reason=repair.reason,
    )


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
