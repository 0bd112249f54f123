"""What is not right in objects that several tenants of one database share: told once, and not of each tenant again."""

from collections.abc import Iterator
from dataclasses import dataclass

from pgfleet.documents.audit import (
    AuditDocument,
    ContractEntry,
    DifferenceEntry,
    MigrationEntry,
    MigrationStatus,
    TenantEntry,
)
from pgfleet.documents.audit_context import SharedEntry
from pgfleet.judge.contract_impact import explains_all
from pgfleet.judge.shared_objects import omit_shared
from pgfleet.judge.summary import tenant_count
from pgfleet.manifest.model import Manifest
from pgfleet.reports.phrases.audit import affected_services, broken_contracts, sentence
from pgfleet.reports.phrases.dates import Dates
from pgfleet.reports.phrases.repair import remedy_lines
from pgfleet.reports.phrases.trend import listed

TITLE = "Shared by tenants of one database, and told once"
SEE_THERE = "what it shares with other tenants of its database is not right: see above"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What is wrong with a migration in what the tenants of one database share, and what is to be said of it."""

    heading: str
    faults: tuple[str, ...]
    remedies: tuple[str, ...]
    consequences: tuple[str, ...]


def shared_matters(document: AuditDocument, manifest: Manifest, dates: Dates) -> Iterator[Shared]:
    """One for each migration, database and group of tenants."""
    tenants = {each.name: each for each in document.tenants}
    groups: dict[tuple[str, tuple[str, ...], str], list[DifferenceEntry]] = {}
    for entry in document.shared:
        version, difference = _first(tenants[entry.tenants[0]], entry)
        groups.setdefault((entry.database, entry.tenants, version), []).append(difference)
    for (database, names, version), differences in groups.items():
        first = tenants[names[0]]
        migration = _of(first, version).model_copy(update={"differences": tuple(differences)})
        broken = (sentence(each) for each in broken_contracts(first) if explains_all(differences, each))
        yield Shared(
            heading=f"{migration.file} in {database}, {tenant_count(len(names))}: {listed(names)}",
            faults=tuple(dates.told(sentence(each), each.since) for each in differences),
            remedies=remedy_lines(migration, first.name, document.environment),
            consequences=(*affected_services(migration, manifest), *broken),
        )


def own_part(migration: MigrationEntry, tenant: TenantEntry, document: AuditDocument) -> MigrationEntry | None:
    """The migration with what is to be told of this tenant itself; None where all of that is told once for several."""
    kept = omit_shared(migration, tenant.name, document.shared)
    return None if migration.differences and not kept.differences else kept


def is_told_in_part(migration: MigrationEntry, tenant: TenantEntry, document: AuditDocument) -> bool:
    """Whether some of what is wrong with the migration is told once for several tenants."""
    return len(omit_shared(migration, tenant.name, document.shared).differences) < len(migration.differences)


def own_contracts(tenant: TenantEntry, document: AuditDocument) -> tuple[ContractEntry, ...]:
    """The broken contracts, less those that what is told once explains."""
    told = {(each.kind, each.identity) for each in document.shared if tenant.name in each.tenants}
    causes = [
        each for migration in tenant.migrations for each in migration.differences if (each.kind, each.identity) in told
    ]
    return tuple(each for each in broken_contracts(tenant) if not (causes and explains_all(causes, each)))


def _first(tenant: TenantEntry, entry: SharedEntry) -> tuple[str, DifferenceEntry]:
    told = (entry.kind, entry.identity, entry.change)
    return next(
        (migration.version, each)
        for migration in tenant.migrations
        if migration.status is MigrationStatus.DRIFTED
        for each in migration.differences
        if (each.kind, each.identity, each.change) == told
    )


def _of(tenant: TenantEntry, version: str) -> MigrationEntry:
    return next(each for each in tenant.migrations if each.version == version)
