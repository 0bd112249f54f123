"""One tenant's entry in the audit document, from what was read of it."""

from collections.abc import Iterable, Iterator, Sequence

from pgfleet.catalog.differences import Difference, without_implied
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import CatalogObject, Holder
from pgfleet.catalog.shared_objects import is_shared
from pgfleet.connect_failure import Unreachable
from pgfleet.documents.audit import (
    CheckEntry,
    ContractEntry,
    CountEntry,
    DifferenceEntry,
    MigrationEntry,
    MigrationStatus,
    RepairEntry,
    SeedEntry,
    SeedStatus,
    TenantEntry,
    UnexpectedEntry,
    Verdict,
)
from pgfleet.errors import AccessRefused, ConnectionFailed, ConnectionLost, PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.judge.checks import UNREADABLE
from pgfleet.judge.migration_status import migration_status
from pgfleet.judge.observations import CountObservation, LedgerRow, TenantObservation
from pgfleet.judge.verdict import verdict_of
from pgfleet.manifest.model import Migration
from pgfleet.repair.model import Repair
from pgfleet.repair.strategy import choose_repairs

UNREACHABLE = (AccessRefused, ConnectionFailed, ConnectionLost)


def judge_migration(
    migration: Migration,
    expected: ExpectedCatalog,
    differences: Sequence[Difference],
    checks: Sequence[CheckEntry],
    *,
    recorded: LedgerRow | None,
    home: str,
    holders: Sequence[Holder] = (),
) -> MigrationEntry:
    """One migration's state in a tenant whose home schema is `home`; `differences` may be the whole tenant's.

    `holders` of names that its objects need stand in the way of a repair.
    """
    own = [each for each in differences if each.version == migration.version]
    status = migration_status(migration.version, expected, own, checks, recorded=recorded.state if recorded else None)
    pending = {migration.version} if status is MigrationStatus.PENDING else set()
    told = without_implied(differences)
    chosen = zip(told, choose_repairs(told, expected, holders, pending=pending), strict=True)
    return MigrationEntry(
        version=migration.version,
        file=migration.file,
        priority=migration.priority,
        status=status,
        differences=tuple(
            difference_entry(each, home, repair) for each, repair in chosen if each.version == migration.version
        ),
        checks=tuple(checks),
        ledger=recorded.state if recorded else None,
        altered=recorded is not None and recorded.checksum != migration.script.checksum,
    )


def judge_tenant(
    tenant: Tenant,
    observed: TenantObservation,
    migrations: Sequence[MigrationEntry],
    seeds: Sequence[SeedEntry],
    counts: Sequence[CountObservation],
    contracts: Sequence[ContractEntry] = (),
) -> TenantEntry:
    """The tenant's entry; whatever could not be completed makes it unknown, and is the reason."""
    faults = tuple(_faults(observed, migrations, seeds, counts, contracts))
    return TenantEntry(
        name=tenant.name,
        ring=tenant.ring,
        verdict=Verdict.UNKNOWN if faults else verdict_of(migrations, contracts),
        reason="; ".join(dict.fromkeys(faults)) or None,
        server_version=observed.server_version,
        pooler=observed.pooler,
        standby=observed.is_standby,
        fingerprint=observed.catalog.fingerprint,
        migrations=tuple(migrations),
        unexpected=tuple(_unexpected(each, tenant.home) for each in observed.catalog.unexpected),
        seeds=tuple(seeds),
        counts=tuple(CountEntry(table=each.table, rows=each.rows, exact=each.exact) for each in counts),
        contracts=tuple(contracts),
        database=observed.database,
        home=tenant.home,
    )


def unjudged(tenant: Tenant, error: PgfleetError, *, server_version: str | None = None) -> TenantEntry:
    """The entry of a tenant of which nothing could be concluded: unreachable if no session could be had or kept."""
    because = why_unreachable(error)
    return TenantEntry(
        name=tenant.name,
        ring=tenant.ring,
        verdict=Verdict.UNREACHABLE if because else Verdict.UNKNOWN,
        reason=str(error),
        unreachable_because=because,
        server_version=server_version,
    )


def why_unreachable(error: PgfleetError) -> Unreachable | None:
    """Why no session could be had or kept; None for an error that was met in one."""
    if not isinstance(error, UNREACHABLE):
        return None
    return error.because or (Unreachable.CONNECTION_LOST if isinstance(error, ConnectionLost) else Unreachable.OTHER)


def _faults(
    observed: TenantObservation,
    migrations: Iterable[MigrationEntry],
    seeds: Iterable[SeedEntry],
    counts: Iterable[CountObservation],
    contracts: Iterable[ContractEntry],
) -> Iterator[str]:
    if observed.ledger_fault:
        yield f"the ledger could not be read: {observed.ledger_fault}"
    if unreadable := observed.catalog.unreadable:
        yield f"the role may not read {', '.join(unreadable)}; grant it SELECT there, and USAGE on the schema"
    for migration in migrations:
        for check in migration.checks:
            if check.passed is None and check.detail != UNREADABLE:
                yield f"check '{check.name}' of {migration.version} could not be completed: {check.detail}"
    for seed in seeds:
        if seed.status is SeedStatus.UNKNOWN:
            yield f"seed {seed.name} could not be checked: {seed.detail}"
    for count in counts:
        if count.fault:
            yield f"{count.table} could not be counted: {count.fault}"
    yield from _contract_faults(contracts)


def _contract_faults(contracts: Iterable[ContractEntry]) -> Iterator[str]:
    for contract in contracts:
        if contract.works is None:
            yield f"contract of {contract.consumer} could not be tried: {contract.detail}"


def difference_entry(difference: Difference, home: str, repair: Repair | None = None) -> DifferenceEntry:
    """A difference as the document shows it, for a tenant whose home schema is `home`, with what puts it right."""
    return DifferenceEntry(
        kind=difference.identity.kind,
        identity=difference.identity.qualified(home),
        change=difference.change,
        expected=difference.expected.definition,
        actual=difference.actual.definition if difference.actual else None,
        repair=repair_entry(repair) if repair else None,
        shared=is_shared(difference.identity),
    )


def repair_entry(repair: Repair) -> RepairEntry:
    """A repair as the document shows it."""
    return RepairEntry(
        way=repair.strategy,
        version=repair.version,
        statements=tuple(each.text for each in repair.statements),
        hazards=repair.hazards,
        reason=repair.reason,
    )


def _unexpected(found: CatalogObject, home: str) -> UnexpectedEntry:
    return UnexpectedEntry(
        kind=found.identity.kind,
        identity=found.identity.qualified(home),
        actual=found.definition,
        shared=is_shared(found.identity),
    )
