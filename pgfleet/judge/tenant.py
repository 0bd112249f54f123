"""One tenant's entry in the audit document."""

from collections.abc import Iterable, Iterator, Sequence

from pgfleet.catalog.objects import CatalogObject
from pgfleet.catalog.shared_objects import is_shared
from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.audit import ScriptFaultEntry, TenantEntry, Verdict
from pgfleet.documents.findings import (
    ContractEntry,
    CountEntry,
    Evidence,
    MigrationEntry,
    MigrationStatus,
    SeedEntry,
    SeedStatus,
    UnexpectedEntry,
)
from pgfleet.errors import AccessRefused, ConnectionFailed, ConnectionLost, ManifestError, PgfleetError, ScriptFaulty
from pgfleet.fleet.model import Tenant
from pgfleet.judge.assessment import Assessment
from pgfleet.judge.entries import UNREADABLE
from pgfleet.judge.migration import cut_definition
from pgfleet.judge.observations import CountObservation, TenantObservation
from pgfleet.judge.position import position_entry
from pgfleet.judge.unchanged import FULL
from pgfleet.manifest.model import Priority
from pgfleet.wording import listed

MOST_UNEXPECTED = 200
"""Unexpected objects of a tenant in a document."""
MOST_NAMED = 20
UNREACHABLE = (AccessRefused, ConnectionFailed, ConnectionLost)


def judge_tenant(
    tenant: Tenant,
    observed: TenantObservation,
    assessment: Assessment,
    migrations: Sequence[MigrationEntry],
    seeds: Sequence[SeedEntry],
    counts: Sequence[CountObservation],
    contracts: Sequence[ContractEntry] = (),
) -> TenantEntry:
    """The tenant's entry. An incomplete inspection makes the verdict unknown, with the reason.

    A tenant stays blocked if only rows or contracts could not be read: they cannot make its objects right.
    """
    faults = (*_faults(observed, migrations), *_data_faults(seeds, counts, contracts))
    verdict = tenant_verdict(migrations, contracts)
    earlier = observed.earlier
    left_out = observed.catalog.unexpected_left_out + max(0, len(assessment.unexpected) - MOST_UNEXPECTED)
    unexpected = tuple(_unexpected(each, tenant.home) for each in assessment.unexpected[:MOST_UNEXPECTED])
    is_certain = not faults or (verdict is Verdict.BLOCKED and not any(_faults(observed, migrations)))
    return TenantEntry(
        name=tenant.name,
        ring=tenant.ring,
        verdict=verdict if is_certain else Verdict.UNKNOWN,
        reason="; ".join(dict.fromkeys(faults)) or None,
        server_version=observed.server_version,
        pooler=observed.pooler,
        standby=observed.is_standby,
        fingerprint=observed.catalog.fingerprint,
        position=position_entry(assessment.expected.history, assessment.position),
        migrations=tuple(migrations),
        unexpected=earlier.unexpected if earlier else unexpected,
        unexpected_left_out=earlier.unexpected_left_out if earlier else left_out,
        seeds=tuple(seeds),
        counts=tuple(CountEntry(table=each.table, rows=each.rows, exact=each.exact) for each in counts),
        contracts=tuple(contracts),
        database=observed.database,
        home=tenant.home,
        other_tables=observed.catalog.other_tables,
        read=earlier.read if earlier else FULL,
        stamp=observed.stamp,
    )


def tenant_verdict(migrations: Iterable[MigrationEntry], contracts: Iterable[ContractEntry] = ()) -> Verdict:
    """Blocked if a P0 migration is not applied or a P0 contract is broken; degraded if only P1 ones are; else ready.

    A migration whose differences are all accepted does not count. A broken contract always counts.
    """
    faulty = {each.priority for each in migrations if each.status is not MigrationStatus.APPLIED and not each.accepted}
    faulty |= {each.priority for each in contracts if each.works is False}
    if Priority.P0 in faulty:
        return Verdict.BLOCKED
    return Verdict.DEGRADED if faulty else Verdict.READY


def inconclusive_entry(tenant: Tenant, error: PgfleetError) -> TenantEntry:
    """The entry of a tenant that could not be inspected: unreachable if there was no connection, else unknown."""
    because = connect_failure_of(error)
    return TenantEntry(
        name=tenant.name,
        ring=tenant.ring,
        verdict=Verdict.UNREACHABLE if because else Verdict.UNKNOWN,
        reason=str(error),
        unreachable_because=because,
        script_fault=script_fault_of(error),
    )


def script_fault_of(error: PgfleetError) -> ScriptFaultEntry | None:
    """The fault of a script of the manifest, if that is the error."""
    if not isinstance(error, ScriptFaulty):
        return None
    return ScriptFaultEntry(file=error.script, problem=f"{error.problem}, on PostgreSQL {error.server_version}")


def check_scripts(faults: Iterable[ScriptFaultEntry | None], *, is_any_judged: bool) -> None:
    """Raises ManifestError for a faulty script if no tenant could be judged.

    If some were judged, the script works on the version of their servers, and the others are unknown.
    """
    if not is_any_judged and (fault := next(filter(None, faults), None)):
        raise ManifestError(fault.file, "", fault.problem)


def lost_entry(tenant: Tenant, reason: str) -> TenantEntry:
    """The entry of a tenant whose wave saved none."""
    return inconclusive_entry(tenant, PgfleetError(reason))


def connect_failure_of(error: PgfleetError) -> ConnectFailure | None:
    """Why connecting failed or the connection was lost; None for any other error."""
    if not isinstance(error, UNREACHABLE):
        return None
    return error.connect_failure or (
        ConnectFailure.CONNECTION_LOST if isinstance(error, ConnectionLost) else ConnectFailure.OTHER
    )


def _faults(observed: TenantObservation, migrations: Sequence[MigrationEntry]) -> Iterator[str]:
    if observed.ledger_fault:
        yield f"the ledger could not be read: {observed.ledger_fault}"
    if observed.tool and observed.tool.fault:
        yield f"the migration tool's ledger: {observed.tool.fault}"
    if unreadable := observed.catalog.unreadable:
        names = listed(unreadable, MOST_NAMED)
        them = ("it", "its schema") if len(unreadable) == 1 else ("them", "their schemas")
        yield f"the role cannot read {names}; grant the role SELECT on {them[0]} and USAGE on {them[1]}"
    if unknown := [each.version for each in migrations if each.evidence is Evidence.NONE]:
        yield _undecided(unknown, has_tool_ledger=observed.tool is not None)
    yield from _check_faults(migrations)


def _data_faults(
    seeds: Iterable[SeedEntry], counts: Iterable[CountObservation], contracts: Iterable[ContractEntry]
) -> Iterator[str]:
    for seed in seeds:
        if seed.status is SeedStatus.UNKNOWN:
            yield f"seed {seed.name} could not be checked: {seed.detail}"
    for count in counts:
        if count.fault:
            yield f"{count.table} could not be counted: {count.fault}"
    for contract in contracts:
        if contract.works is None:
            yield f"contract of {contract.consumer} could not be checked: {contract.detail}"


def _check_faults(migrations: Iterable[MigrationEntry]) -> Iterator[str]:
    for migration in migrations:
        for check in migration.checks:
            if check.passed is None and check.detail != UNREADABLE:
                yield f"check '{check.name}' of {migration.version} could not be completed: {check.detail}"


def _undecided(versions: Sequence[str], *, has_tool_ledger: bool) -> str:
    """Which migrations cannot be determined, and how to settle it."""
    names = f"migration {versions[0]}" if len(versions) == 1 else f"migrations {listed(versions, MOST_NAMED)}"
    verb, subject = ("leaves", "it") if len(versions) == 1 else ("leave", "they")
    ledger = "" if has_tool_ledger else "name the migration tool's ledger in the manifest, "
    return (
        f"{names} {verb} no trace in the catalog, and nothing records whether {subject} ran; to settle it, {ledger}"
        f"add a check, or run pgfleet adopt ENV --through VERSION"
    )


def _unexpected(found: CatalogObject, home: str) -> UnexpectedEntry:
    actual, left_out = cut_definition(found.definition)
    return UnexpectedEntry(
        kind=found.identity.kind,
        identity=found.identity.qualified(home),
        actual=actual,
        actual_left_out=left_out,
        shared=is_shared(found.identity),
    )
