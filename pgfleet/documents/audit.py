"""The audit document as JSON for other programs. Keys are added, never renamed or removed."""

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
from pgfleet.documents.login_rights import LoginEntry
from pgfleet.fleet.pooler import Pooler
from pgfleet.hazards.codes import HazardCode
from pgfleet.manifest.model import Priority
from pgfleet.repair.model import Strategy

SCHEMA_VERSION = 1


class MigrationStatus(StrEnum):
    """The state of one migration in one tenant."""

    APPLIED = "applied"
    """All of its objects are as expected."""
    PENDING = "pending"
    """None of its objects exist, and the ledger does not contain it."""
    DRIFTED = "drifted"
    """Some of its objects are missing or changed, or the ledger contains it but its objects do not exist."""
    UNKNOWN = "unknown"
    """No problem was found, but a check could not be completed."""


class Verdict(StrEnum):
    """The verdict on a tenant, worst first, as reports list them."""

    BLOCKED = "blocked"
    """Some P0 migration is not applied, or some P0 contract is broken."""
    UNREACHABLE = "unreachable"
    """pgfleet could not connect."""
    UNKNOWN = "unknown"
    """Connected, but the inspection could not be completed."""
    DEGRADED = "degraded"
    """Only P1 migrations are not applied, and P1 contracts are broken."""
    READY = "ready"
    """Every migration is applied, and no contract is broken."""


INCONCLUSIVE = frozenset({Verdict.UNREACHABLE, Verdict.UNKNOWN})
"""The verdicts of tenants that could not be inspected completely."""


class SeedStatus(StrEnum):
    """The state of one seed in one tenant."""

    PRESENT = "present"
    MISSING = "missing"
    CUSTOMIZED = "customised"
    """A baseline row was edited, which is not a problem."""
    UNKNOWN = "unknown"


class LedgerState(StrEnum):
    """The state of one migration in a tenant's ledger."""

    STARTED = "started"
    """It runs outside a transaction and was started; whether it finished is unknown."""
    APPLIED = "applied"
    """A rollout applied it."""
    ADOPTED = "adopted"
    """It was applied before the ledger was created."""


class Evidence(StrEnum):
    """What decides whether a migration is applied in a tenant."""

    LEDGER = "ledger"
    """A row of pgfleet's own ledger."""
    TOOL = "tool"
    """The ledger of the migration tool that the manifest names."""
    CATALOG = "catalog"
    """The state of the objects that the migration creates, changes, or drops."""
    CHECK = "check"
    """The answers to the migration's checks."""
    ORDER = "order"
    """Another migration that requires it, or that it requires."""
    NONE = "none"
    """Nothing decides: the migration leaves no trace in the catalog."""


class PositionEntry(Entry):
    """How far a tenant is: the last applied version (null if there is none), and how many migrations are in each state.

    `applied` includes drifted migrations. `by` is the evidence for the last applied version.
    """

    version: str | None
    applied: int
    pending: int
    unknown: int
    by: Evidence


class RepairEntry(Entry):
    """How to fix a difference: `way` is rerun (of `version`), sql (the statements), or by hand (with the reason).

    Fixing a lost table by hand means restoring it; `version` is then the migration that would create it empty, if any.

    Run the statements with the tenant's schema as the search path; `hazards` say what they do to a table in use, and
    `hazard_codes` say the same with the codes of hazards.
    """

    way: Strategy
    version: str | None = None
    statements: tuple[str, ...] = ()
    hazards: tuple[str, ...] = ()
    hazard_codes: tuple[HazardCode, ...] = ()
    reason: str | None = None


class DifferenceEntry(Entry):
    """One missing or changed object and its repair; `since` is the end of the first audit that reported it.

    `shared`: the object is outside the home schema, so all tenants of the database share it. `actual_left_out` is the
    number of characters by which `actual` was cut.
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
    actual_left_out: int = 0


class UnexpectedEntry(Entry):
    """One object on a managed table or in a managed schema that is not in the manifest; the other keys as above."""

    kind: str
    identity: str
    actual: str
    shared: bool = False
    actual_left_out: int = 0


class CheckEntry(Entry):
    """One check; `passed` is null if it could not be completed, and `detail` says why."""

    name: str
    passed: bool | None
    detail: str | None = None


class MigrationEntry(Entry):
    """One migration in one tenant; `evidence` decides its status, `altered` says that its file is not the recorded one.

    `in_tool_ledger`: whether the migration tool's ledger records it; null without one. `accepted`: it is not applied,
    but all its differences are accepted, so it does not count. `since` is the end of the first audit in which it was
    not applied.
    """

    version: str
    file: str
    priority: Priority
    status: MigrationStatus
    evidence: Evidence = Evidence.CATALOG
    differences: tuple[DifferenceEntry, ...] = ()
    checks: tuple[CheckEntry, ...] = ()
    ledger: LedgerState | None = None
    in_tool_ledger: bool | None = None
    altered: bool = False
    accepted: bool = False
    since: datetime | None = None


class SeedEntry(Entry):
    """One seed in one tenant."""

    name: str
    status: SeedStatus
    detail: str | None = None


class CountEntry(Entry):
    """One table's rows: null if the table does not exist or cannot be read; an estimate if `exact` is false."""

    table: str
    rows: int | None
    exact: bool


class StatementFailureEntry(Entry):
    """A statement that would fail; `statement` is null if the consumer's role does not exist."""

    statement: str | None
    message: str
    sqlstate: str


class ContractEntry(Entry):
    """One consumer's statements; `works` is null if not all could be checked, and `detail` says why.

    `role` is the database role that they were checked as, null if none is configured. `inherited`: the tenant is as
    expected, so the results from the scratch database apply. `since` is the end of the first audit in which the
    contract was broken.
    """

    consumer: str
    priority: Priority
    role: str | None
    works: bool | None
    inherited: bool
    failures: tuple[StatementFailureEntry, ...] = ()
    detail: str | None = None
    since: datetime | None = None


class ScriptFaultEntry(Entry):
    """A script of the manifest that fails in an empty database, and the place and the reason."""

    file: str
    problem: str


class TenantEntry(Entry):
    """One tenant; `reason` says why it is unreachable or unknown, `since` when that was first reported.

    `unreachable_because` is the code of that reason. `pooler` is the mode of the pooler in between, and a `standby` is
    read-only; both are null if no inspection was completed. `database` identifies the database, the same for all its
    tenants, and `home` is the tenant's home schema. `script_fault` is the fault of one of the manifest's scripts for
    which no tenant on a server of this version can be judged. `other_tables` is the number of the tenant's tables if
    none of the manifest's exist, and otherwise null. `unexpected_left_out` is the number of unexpected objects that are
    not in `unexpected`.
    """

    name: str
    ring: str | None
    verdict: Verdict
    reason: str | None = None
    server_version: str | None = None
    fingerprint: str | None = None
    position: PositionEntry | None = None
    migrations: tuple[MigrationEntry, ...] = ()
    unexpected: tuple[UnexpectedEntry, ...] = ()
    unexpected_left_out: int = 0
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
    script_fault: ScriptFaultEntry | None = None
    other_tables: int | None = None


class SkippedEntry(Entry):
    """A tenant of an inventory that was skipped, with the reason. It has no verdict."""

    name: str
    reason: str


class ManifestEntry(Entry):
    """The manifest that the tenants were compared with; `product` is the one that it names.

    `scripts` are the checksums of the migrations' scripts, in the order of `migrations`.
    """

    checksum: str
    migrations: tuple[str, ...]
    product: str | None = None
    scripts: tuple[str, ...] = ()


class AuditDocument(Entry):
    """The outcome of one audit; `since` is null if there is no previous audit to compare with.

    `is_first`: the environment has no earlier audit of this manifest. `logins` are those with more rights
    than they need.
    """

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
    is_first: bool = False
    logins: tuple[LoginEntry, ...] = ()
