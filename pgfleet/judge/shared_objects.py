"""What is not right in objects that several tenants of one database share: each once, however many tenants have it."""

from collections.abc import Iterable, Iterator

from pgfleet.documents.audit import DifferenceEntry, MigrationEntry, MigrationStatus, TenantEntry
from pgfleet.documents.audit_context import SharedEntry

Fault = tuple[str, str, str, str]
"""A database, and an object's kind, identity and change."""


def find_shared(tenants: Iterable[TenantEntry]) -> tuple[SharedEntry, ...]:
    """The shared objects that differ in two audited tenants of a database or more, in the order they are met."""
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
    """The migration less the differences that are told once for several tenants; a pending one is told as a whole."""
    if migration.status is not MigrationStatus.DRIFTED:
        return migration
    told = {(each.kind, each.identity, each.change) for each in shared if tenant in each.tenants}
    kept = tuple(each for each in migration.differences if each.accepted or _told_as(each) not in told)
    return migration.model_copy(update={"differences": kept})


def _faults(tenant: TenantEntry) -> Iterator[Fault]:
    """Of drifted migrations alone: a pending one is told in a line."""
    for migration in tenant.migrations:
        is_told = migration.status is MigrationStatus.DRIFTED and not migration.accepted
        for each in migration.differences if is_told and tenant.database else ():
            if each.shared and not each.accepted:
                yield tenant.database or "", *_told_as(each)


def _told_as(difference: DifferenceEntry) -> tuple[str, str, str]:
    return difference.kind, difference.identity, difference.change
