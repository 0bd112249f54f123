"""The plan that reverts a tenant's migrations after a version, newest first."""

from collections.abc import Iterator, Sequence

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import ObjectKind
from pgfleet.documents.audit import TenantEntry
from pgfleet.documents.findings import CountEntry, LedgerState, MigrationEntry, MigrationStatus
from pgfleet.documents.plan import Action, PlannedMigration, TenantPlan
from pgfleet.documents.rollout_plan import RolloutPlan
from pgfleet.errors import FleetError
from pgfleet.fleet.pooler import Pooler
from pgfleet.manifest.home_schema import DEFAULT
from pgfleet.manifest.model import Manifest, Migration
from pgfleet.manifest.source.tools import LEDGERS
from pgfleet.rollout.advice import advise
from pgfleet.rollout.preconditions import pooler_error
from pgfleet.wording import listed

EVERYTHING = "none"
"""The version to which a revert of every migration goes."""


def check_revert(to: str, manifest: Manifest) -> None:
    """Raises FleetError for a version that is not in the manifest, or to which no tenant can be reverted."""
    versions = [each.version for each in manifest.migrations if not each.repeatable]
    if to not in (*versions, EVERYTHING):
        known = ", ".join(versions)
        raise FleetError("--to", to, f"not in the manifest, which has: {known}; '{EVERYTHING}' reverts all of them")


def migrations_after(to: str, manifest: Manifest) -> tuple[Migration, ...]:
    """The migrations after that version, newest first. A repeatable migration is never reverted."""
    versioned = [each for each in manifest.migrations if not each.repeatable]
    place = next((place for place, each in enumerate(versioned, start=1) if each.version == to), 0)
    return tuple(reversed(versioned[place:]))


def check_down_scripts(plan: RolloutPlan, manifest: Manifest) -> None:
    """Raises FleetError if a migration that is to be reverted in a tenant has no script that does."""
    chosen = {each.version for tenant in plan.tenants for each in tenant.migrations}
    for each in manifest.migrations:
        if each.version in chosen and each.down is None:
            problem = "has no down script; name one in the manifest (revert = …), or revert to this version"
            raise FleetError("revert", each.file, problem)
        if each.version in chosen and each.down and each.down.problem:
            raise FleetError("revert", each.down.script.file, each.down.problem)


def plan_revert(entry: TenantEntry, manifest: Manifest, expected: ExpectedCatalog, to: str) -> TenantPlan:
    """The plan that reverts the migrations after version `to` that are applied, newest first.

    If one of them cannot be reverted, none is. `dropped` are the tables that will be gone, with their rows where they
    are counted.
    """
    entries = {each.version: each for each in entry.migrations}
    wanted = [
        each
        for each in migrations_after(to, manifest)
        if each.version in entries and entries[each.version].status is not MigrationStatus.PENDING
    ]
    obstacles = {each.version: _obstacle(each, entries[each.version], manifest, entry) for each in wanted}
    first = next((version for version, reason in obstacles.items() if reason), None)
    return TenantPlan(
        name=entry.name,
        ring=entry.ring or "",
        fingerprint=entry.fingerprint,
        migrations=tuple(
            PlannedMigration(
                version=each.version,
                action=Action.REFUSE if first else Action.REVERT,
                altered=entries[each.version].altered,
                ledger=entries[each.version].ledger,
                reason=obstacles[each.version] or (f"{first} cannot be reverted" if first else None),
                down_checksum=each.down.script.checksum if each.down else None,
            )
            for each in wanted
        ),
        dropped=() if first else tuple(_dropped(entry, expected, [each.version for each in wanted])),
    )


def _obstacle(migration: Migration, entry: MigrationEntry, manifest: Manifest, tenant: TenantEntry) -> str | None:
    """Why the migration cannot be reverted in the tenant; None if it can."""
    is_transactional = migration.down is None or migration.down.transactional
    is_resumed = entry.ledger is LedgerState.STARTED and entry.altered and not is_transactional
    if entry.ledger is LedgerState.STARTED and not is_resumed:
        return "it was started and not finished; roll out first, which resumes it"
    if not is_resumed and (drift := find_drift(entry, tenant.home)):
        return f"it is drifted ({drift}); fix that first, so that the revert can be proven"
    if not is_transactional and migration.down and tenant.pooler is Pooler.TRANSACTION:
        error = pooler_error(migration.down.script.file)
        return f"{error}; {advise(error)}"
    ledger = manifest.ledger
    if ledger and entry.in_tool_ledger and not (ledger.write and LEDGERS[ledger.tool].remove):
        return (
            f"the ledger of {ledger.tool}, which pgfleet does not write, would still record it; "
            f"revert it with {ledger.tool}" + (", or set write = true" if LEDGERS[ledger.tool].remove else "")
        )
    return None


def find_drift(entry: MigrationEntry, home: str | None) -> str | None:
    """What is wrong with the migration's objects; None if only what other tenants of the database may have changed."""
    differences = [each for each in entry.differences if not (each.shared and home not in {None, DEFAULT})]
    failing = [f"check '{each.name}' fails" for each in entry.checks if each.passed is False]
    found = [*(f"{each.kind} {each.identity} is {each.change}" for each in differences), *failing]
    return listed(found, 1) or None


def _dropped(entry: TenantEntry, expected: ExpectedCatalog, reverted: Sequence[str]) -> Iterator[CountEntry]:
    """The tables that exist now and will not after the revert."""
    applied = frozenset(each.version for each in entry.migrations if each.status is not MigrationStatus.PENDING)
    counts = {each.table: each for each in entry.counts}
    for name in dropped_tables(expected, applied, applied - {*reverted}):
        yield counts.get(name) or CountEntry(table=name, rows=None, exact=False)


def dropped_tables(whole: ExpectedCatalog, before: frozenset[str], after: frozenset[str]) -> tuple[str, ...]:
    """The tables, as the manifest names them, that exist where `before` is applied and not where `after` is."""
    gone = whole.at(before).objects.keys() - whole.at(after).objects.keys()
    names = (
        f"{each.schema}.{each.name}" if each.schema else each.name for each in gone if each.kind is ObjectKind.TABLE
    )
    return tuple(sorted(names))
