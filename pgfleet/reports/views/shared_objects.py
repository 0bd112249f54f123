"""What differs in objects that several tenants of one database share: reported once, not for each tenant."""

from collections.abc import Iterator

from pgfleet.documents.audit import INCONCLUSIVE, AuditDocument, TenantEntry
from pgfleet.documents.audit_context import SharedEntry
from pgfleet.documents.findings import ContractEntry, DifferenceEntry, MigrationEntry, MigrationStatus
from pgfleet.judge.findings import explains_all
from pgfleet.judge.shared_objects import omit_shared
from pgfleet.judge.summary import tenant_count
from pgfleet.manifest.model import Manifest
from pgfleet.reports.blocks import Lines, Section, Tone
from pgfleet.reports.phrases.audit import broken_contracts, sentence
from pgfleet.reports.phrases.dates import Dates
from pgfleet.reports.views.migration import commands, migration_section
from pgfleet.wording import listed

TITLE = "Objects shared by tenants of one database"
SEE_ABOVE = "objects shared with other tenants differ, see above"


def shared_sections(document: AuditDocument, manifest: Manifest, dates: Dates) -> Iterator[Section]:
    """One section per database, group of tenants and migration."""
    tenants = {each.name: each for each in document.tenants}
    groups: dict[tuple[str, tuple[str, ...], str], list[DifferenceEntry]] = {}
    for entry in document.shared:
        version, difference = _first(tenants[entry.tenants[0]], entry)
        groups.setdefault((entry.database, entry.tenants, version), []).append(difference)
    for (database, names, version), differences in groups.items():
        first = tenants[names[0]]
        judged = (tenants[each] for each in names if tenants[each].verdict not in INCONCLUSIVE)
        migration = next(each for each in first.migrations if each.version == version)
        migration = migration.model_copy(update={"differences": tuple(differences)})
        broken = tuple(sentence(each) for each in broken_contracts(first) if explains_all(differences, each))
        yield Section(
            title=f"{migration.file} in {database}, {tenant_count(len(names))}: {listed(names)}",
            tone=Tone.BAD,
            blocks=(
                *migration_section([migration], manifest, dates).blocks,
                *commands([migration], next(judged, first), document.environment),
                *((Lines(lines=broken, tone=Tone.QUIET),) if broken else ()),
            ),
        )


def own_part(migration: MigrationEntry, tenant: TenantEntry, document: AuditDocument) -> MigrationEntry | None:
    """The migration with the tenant's own differences; None if all of them are in shared objects."""
    kept = omit_shared(migration, tenant.name, document.shared)
    return None if migration.differences and not kept.differences else kept


def has_shared(migration: MigrationEntry, tenant: TenantEntry, document: AuditDocument) -> bool:
    """Whether some of the migration's differences are in shared objects that several tenants have."""
    return len(omit_shared(migration, tenant.name, document.shared).differences) < len(migration.differences)


def own_contracts(tenant: TenantEntry, document: AuditDocument) -> tuple[ContractEntry, ...]:
    """The broken contracts that no difference of a shared object explains."""
    shared = {(each.kind, each.identity) for each in document.shared if tenant.name in each.tenants}
    causes = [
        each
        for migration in tenant.migrations
        for each in migration.differences
        if (each.kind, each.identity) in shared
    ]
    return tuple(each for each in broken_contracts(tenant) if not (causes and explains_all(causes, each)))


def _first(tenant: TenantEntry, entry: SharedEntry) -> tuple[str, DifferenceEntry]:
    wanted = (entry.kind, entry.identity, entry.change)
    return next(
        (migration.version, each)
        for migration in tenant.migrations
        if migration.status is MigrationStatus.DRIFTED
        for each in migration.differences
        if (each.kind, each.identity, each.change) == wanted
    )
