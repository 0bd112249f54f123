"""The audit document: what an audit found, as JSON for other programs. Keys are added, never renamed or removed."""

from datetime import datetime
from enum import StrEnum

from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.audit_context import (
    AcceptanceEntry,
    AcceptedEntry,
    LossEntry,
    SharedEntry,
    TrendEntry,
    VariantEntry,
)
from pgfleet.documents.entry import Entry
from pgfleet.fleet.pooler import Pooler
from pgfleet.manifest.model import Priority
from pgfleet.repair.model import Strategy

SCHEMA_VERSION = 1


class MigrationStatus(StrEnum):
    """The state of one migration in one tenant."""

    APPLIED = "applied"
    """All of it is there."""
    PENDING = "pending"
    """Nothing of it is there, and the ledger does not know it."""
    DRIFTED = "drifted"
    """Some of it is missing or changed, or the ledger says applied and it is not there."""
    UNKNOWN = "unknown"
    """What was looked at is right, but some check could not be completed."""


class Verdict(StrEnum):
    """What a tenant's state comes to; the order is worst first, as reports list them."""

    BLOCKED = "blocked"
    """Some P0 migration is not applied, or some P0 contract is broken."""
    UNREACHABLE = "unreachable"
    """pgfleet could not connect."""
    UNKNOWN = "unknown"
    """Connected, but some inspection could not be completed."""
    DEGRADED = "degraded"
    """Only P1 migrations are not applied, and P1 contracts are broken."""
    READY = "ready"
    """Every migration is applied, and no contract broken."""


INCONCLUSIVE = frozenset({Verdict.UNREACHABLE, Verdict.UNKNOWN})
"""The verdicts of tenants that could not be inspected completely."""


class SeedStatus(StrEnum):
    """The state of one seed in one tenant."""

    PRESENT = "present"
    MISSING = "missing"
    CUSTOMIZED = "customised"
    """A baseline row was edited, which is no fault."""
    UNKNOWN = "unknown"


class LedgerState(StrEnum):
    """What a tenant's ledger says of one migration."""

    STARTED = "started"
    """It cannot run in a transaction, and was begun; whether it was finished is not known."""
    APPLIED = "applied"
    """A rollout ran it."""
    ADOPTED = "adopted"
    """It was there before the ledger was."""


class RepairEntry(Entry):
    """What puts a difference right: `way` is rerun (of `version`), sql (the statements), or by hand (the reason why).

    Statements are to be run with the tenant's schema as search path; `hazards` say what they do to a table in use.
    """

    way: Strategy
    version: str | None = None
    statements: tuple[str, ...] = ()
    hazards: tuple[str, ...] = ()
    reason: str | None = None


class DifferenceEntry(Entry):
    """One object that is missing or changed, what puts it right; `since` is the end of the first audit that saw it.

    `shared`: it lies outside of the home schema, so that all tenants of the database have this same one.
    """

    kind: str
    identity: str
    change: str
    expected: str | None
    actual: str | None
    repair: RepairEntry | None = None
    accepted: AcceptedEntry | None = None
    since: datetime | None = None
    shared: bool = False


class UnexpectedEntry(Entry):
    """One object that the manifest does not know, on a table or in a schema that it manages; `shared` as above."""

    kind: str
    identity: str
    actual: str
    shared: bool = False


class CheckEntry(Entry):
    """One check; `passed` is null where it could not be completed, and `detail` says why."""

    name: str
    passed: bool | None
    detail: str | None = None


class MigrationEntry(Entry):
    """One migration in one tenant; `altered` says that its file is not the one that the ledger knows.

    `accepted`: it is not applied, and all that is wrong with it was accepted, so that it does not count. `since` is
    the end of the first audit that saw it not applied.
    """

    version: str
    file: str
    priority: Priority
    status: MigrationStatus
    differences: tuple[DifferenceEntry, ...] = ()
    checks: tuple[CheckEntry, ...] = ()
    ledger: LedgerState | None = None
    altered: bool = False
    accepted: bool = False
    since: datetime | None = None


class SeedEntry(Entry):
    """One seed in one tenant."""

    name: str
    status: SeedStatus
    detail: str | None = None


class CountEntry(Entry):
    """One table's rows: null where the table is not there or may not be read; an estimate where `exact` is false."""

    table: str
    rows: int | None
    exact: bool


class StatementFailureEntry(Entry):
    """A statement that would not work; null where the consumer's role is not there at all."""

    statement: str | None
    message: str
    sqlstate: str


class ContractEntry(Entry):
    """One consumer's statements; `works` is null where they could not all be tried, and `detail` says why.

    `role` is the database role that they were tried as, null where none is named. `inherited` says that the tenant is
    as expected, so that what came of them in the scratch database holds. `since` is the end of the first audit that saw
    it broken.
    """

    consumer: str
    priority: Priority
    role: str | None
    works: bool | None
    inherited: bool
    failures: tuple[StatementFailureEntry, ...] = ()
    detail: str | None = None
    since: datetime | None = None


class TenantEntry(Entry):
    """One tenant; `reason` says why it is unreachable or unknown, `since` when that was first seen.

    `unreachable_because` is that reason out of a closed set. `pooler` stands between us and its server, so what needs a
    session of its own cannot be done; a `standby` takes no writes. Both are null where no inspection was completed.
    `database` is where it was found, the same for all tenants of one database, and `home` its home schema there.
    """

    name: str
    ring: str | None
    verdict: Verdict
    reason: str | None = None
    server_version: str | None = None
    fingerprint: str | None = None
    migrations: tuple[MigrationEntry, ...] = ()
    unexpected: tuple[UnexpectedEntry, ...] = ()
    seeds: tuple[SeedEntry, ...] = ()
    counts: tuple[CountEntry, ...] = ()
    losses: tuple[LossEntry, ...] = ()
    since: datetime | None = None
    contracts: tuple[ContractEntry, ...] = ()
    unreachable_because: ConnectFailure | None = None
    pooler: Pooler | None = None
    standby: bool | None = None
    database: str | None = None
    home: str | None = None


class SkippedEntry(Entry):
    """A tenant that an inventory knows and that was not looked at, and why: it has no verdict."""

    name: str
    reason: str


class ManifestEntry(Entry):
    """The manifest that the tenants were compared with; `product` is the one that it names."""

    checksum: str
    migrations: tuple[str, ...]
    product: str | None = None


class AuditDocument(Entry):
    """The outcome of one audit; `since` is null where there is no previous one to compare with."""

    schema_version: int = SCHEMA_VERSION
    environment: str
    run_id: str
    started_at: datetime
    finished_at: datetime
    manifest: ManifestEntry
    summary: dict[str, int]
    tenants: tuple[TenantEntry, ...]
    since: TrendEntry | None = None
    variants: tuple[VariantEntry, ...] = ()
    accepted: tuple[AcceptanceEntry, ...] = ()
    skipped: tuple[SkippedEntry, ...] = ()
    shared: tuple[SharedEntry, ...] = ()
