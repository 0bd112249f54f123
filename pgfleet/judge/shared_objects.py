"""Differences in objects that several tenants of one database share."""

from collections.abc import Iterable, Iterator

from pgfleet.documents.audit import TenantEntry
from pgfleet.documents.audit_context import SharedEntry
from pgfleet.documents.findings import DifferenceEntry, MigrationEntry, MigrationStatus

Fault = tuple[str, str, str, str]
"""A database, and an object's kind, identity and change."""


def find_shared(tenants: Iterable[TenantEntry]) -> tuple[SharedEntry, ...]:
    """The shared objects that differ in two or more audited tenants of a database, in document order."""
    found: dict[Fault, list[str]] = {}
    for tenant in tenants:
        for fault in dict.fromkeys(_faults(tenant)):
            found.setdefault(fault, []).append(tenant.name)
    return tuple(
        SharedEntry(database=database, kind=kind, identity=identity, change=change, tenants=tuple(names))
        for (database, kind, identity, change), names in found.items()
        if len(names) > 1
    )


def omit_shared(migration: MigrationEntry, tenant: str, shared: Iterable[SharedEntry]) -> MigrationEntry:
    """The migration without the differences that are reported as shared. A pending migration is unchanged."""
    if migration.status is not MigrationStatus.DRIFTED:
        return migration
    reported = {(each.kind, each.identity, each.change) for each in shared if tenant in each.tenants}
    kept = tuple(each for each in migration.differences if each.accepted or _key(each) not in reported)
    return migration.model_copy(update={"differences": kept})


def _faults(tenant: TenantEntry) -> Iterator[Fault]:
    """The shared differences of drifted migrations; a pending migration is reported as one finding."""
    for migration in tenant.migrations:
        is_reported = migration.status is MigrationStatus.DRIFTED and not migration.accepted
        for each in migration.differences if is_reported and tenant.database else ():
            if each.shared and not each.accepted:
                yield tenant.database or "", *_key(each)


def _key(difference: DifferenceEntry) -> tuple[str, str, str]:
    return difference.kind, difference.identity, difference.change
