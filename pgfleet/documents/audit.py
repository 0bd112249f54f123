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
    """How to fix a difference: `way` is rerun (of `version`), sql (the statements), or by hand (with the reason)."""

    way: Strategy
    """`rerun`: running the migration is proven to fix it (or it never ran); `sql`: the statements fix it; `by hand`: a
    person must fix it.
    """
    version: str | None = None
    """For a rerun: the migration; for a lost table: the migration that would create it empty, with `pgfleet rollout
    --recreate TABLE`.
    """
    statements: tuple[str, ...] = ()
    """In order, to be run with the tenant's home schema as `search_path`. Empty for `sql` if another difference's
    statements fix it, as `reason` says.
    """
    hazards: tuple[str, ...] = ()
    """Effects on a table in use: `takes ACCESS EXCLUSIVE`, `blocks writes`, `rewrites the table`, `reads the whole
    table`, `may fail on existing rows`, `loses what was granted on it`, `changes what rows hold`, `fails while other
    objects depend on it`.
    """
    hazard_codes: tuple[HazardCode, ...] = ()
    """The same as codes."""
    reason: str | None = None
    """Why a person must fix it, or which other fix includes it."""


class DifferenceEntry(Entry):
    """One missing or changed object and its repair."""

    kind: str
    """Schema, extension, type, function, sequence, table, column, constraint, index, view, trigger, policy, privilege.
    """
    identity: str
    """Schema-qualified: `public.ai_conversations.summary` (column), `public.ai_conversations.trg_…` (trigger or
    constraint), `public.idx_…` (index), `name(arguments)` (function). Schemas and extensions have only a name.
    """
    change: str
    """`missing` or `changed`."""
    expected: str | None
    """The definition as the server writes it; it may end in a remark, such as `(INVALID: no query uses it)`. Its text
    may vary with the major version.
    """
    actual: str | None
    """The same for the tenant's object; null if it is missing."""
    repair: RepairEntry | None = None
    """How to fix it."""
    accepted: AcceptedEntry | None = None
    """`owner`, `reason`, and `until` of the acceptance in force."""
    since: datetime | None = None
    """End of the first audit that reported it."""
    shared: bool = False
    """The object is outside of the home schema, or is a schema or an extension, so all tenants of the database share
    it.
    """
    actual_left_out: int = 0
    """At least how many characters of `actual` were left out; it has at most 20,000."""


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
    """One migration in one tenant."""

    version: str
    """Its version in the manifest."""
    file: str
    """The name of its script, without folders."""
    priority: Priority
    """Its priority in the manifest."""
    status: MigrationStatus
    """Its status in this tenant."""
    evidence: Evidence = Evidence.CATALOG
    """What decides whether the migration is applied: `ledger`, `catalog`, `check`, `order` (of the migrations),
    `none`.
    """
    differences: tuple[DifferenceEntry, ...] = ()
    """Objects that differ from what this migration should have left; objects of a missing table are omitted."""
    checks: tuple[CheckEntry, ...] = ()
    """`name`; `passed`: true, false, or null without an answer; `detail`: why not, or null."""
    ledger: LedgerState | None = None
    """`applied`, `adopted`, `started` (a migration without a transaction that was not finished); null if the ledger
    has no row.
    """
    in_tool_ledger: bool | None = None
    """The migration tool's ledger records it; null if the manifest names no ledger, or the tenant has none."""
    altered: bool = False
    """The file has changed since the ledger recorded it."""
    accepted: bool = False
    """The migration is not applied, but all of its differences are accepted, so it does not affect the verdict;
    failing checks are attributed to the differences.
    """
    since: datetime | None = None
    """For a pending or drifted migration: end of the first audit that reported it."""


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
    """One consumer's statements; `works` is null if not all could be checked, and `detail` says why."""

    consumer: str
    """As in the manifest."""
    priority: Priority
    """As in the manifest."""
    role: str | None
    """The role; null if none is configured: then privileges are not checked."""
    works: bool | None
    """False if a statement would not work; null if none is known to fail, but not all could be tried."""
    inherited: bool
    """The tenant's managed objects are as expected, so the result of the scratch database applies, and the statements
    were not tried in the tenant. Never with a role.
    """
    failures: tuple[StatementFailureEntry, ...] = ()
    """`statement`: its name, or null if the role does not exist; `message`; `sqlstate`."""
    detail: str | None = None
    """What could not be tried, and why."""
    since: datetime | None = None
    """For a broken contract: end of the first audit that reported it."""


class ScriptFaultEntry(Entry):
    """A script of the manifest that fails in an empty database, and the place and the reason."""

    file: str
    problem: str


class StampScope(StrEnum):
    """Which catalog rows a stamp covers."""

    DATABASE = "database"
    """All of the tenant's database. While they are the same, the manifest's queries run the same as before."""
    OBJECTS = "objects"
    """Those that the inspection depends on: for tenants that share a database, and in large databases."""


class StampEntry(Entry):
    """The stamp of a tenant's catalog. While `digest` and `inputs` are the same, the catalog is unchanged."""

    digest: str
    """SHA-256 in hexadecimal, computed by the tenant's server; empty if the database is too large for a stamp of all of
    it, so that the next audit takes one of the objects.
    """
    inputs: str
    """Identifies the manifest, the home schema, and the version of pgfleet."""
    read_at: datetime
    """When the catalog was read."""
    has_ledger: bool
    """Whether pgfleet's ledger exists."""
    scope: StampScope = StampScope.OBJECTS
    """`database`: it covers all objects of the database; or `objects`: those that the inspection reads."""
    covers_queries: bool = False
    """Whether the manifest's queries ran nothing of the tenant's own, and every check passed."""


class TenantEntry(Entry):
    """One tenant."""

    name: str
    """Its name in the fleet file or in its inventory."""
    ring: str | None
    """Its ring; null if it is not known."""
    verdict: Verdict
    """The worst finding decides."""
    reason: str | None = None
    """Why the tenant is unreachable or unknown."""
    server_version: str | None = None
    """`18.6`; null if the inspection was not completed."""
    fingerprint: str | None = None
    """Digest of the managed objects; null as above."""
    position: PositionEntry | None = None
    """`version`: the last applied migration, or null; `applied` (drifted ones included), `pending`, `unknown`: how
    many migrations; `by`: the evidence for `version`, as below; null as above.
    """
    migrations: tuple[MigrationEntry, ...] = ()
    """In the manifest's order; empty if the tenant could not be inspected."""
    unexpected: tuple[UnexpectedEntry, ...] = ()
    """Notes without effect on the verdict; at most 200."""
    unexpected_left_out: int = 0
    """How many unexpected objects are not in `unexpected`."""
    seeds: tuple[SeedEntry, ...] = ()
    """In the manifest's order."""
    counts: tuple[CountEntry, ...] = ()
    """In the manifest's order."""
    losses: tuple[LossEntry, ...] = ()
    """Counted tables that lost more rows than the policy allows."""
    since: datetime | None = None
    """For an unreachable or unknown tenant: end of the first audit that reported it."""
    contracts: tuple[ContractEntry, ...] = ()
    """In the manifest's order."""
    unreachable_because: ConnectFailure | None = None
    """Why it is unreachable, from a closed set."""
    pooler: Pooler | None = None
    """`transaction` or `session`; null for none, or if the inspection was not completed."""
    standby: bool | None = None
    """Whether the server takes no writes; null if the inspection was not completed."""
    database: str | None = None
    """`host:port/name`, the same for all tenants of one database. Values of `${VAR}` are shown as `***` followed by a
    few characters of a digest.
    """
    home: str | None = None
    """The home schema."""
    script_fault: ScriptFaultEntry | None = None
    """`file` and `problem` of a script that fails in an empty database on a server of this version; such a tenant is
    unknown. If no tenant can be judged, there is no document, and the exit status is 2.
    """
    other_tables: int | None = None
    """Number of tables in the home schema (in all schemas if that is `public`), if none of them is the manifest's;
    otherwise null.
    """
    read: str | None = None
    """`full` if the catalog was read, or `unchanged since 2026-11-24T02:00:13Z` if its stamp is still the one of that
    time; null if the inspection was not completed.
    """
    stamp: StampEntry | None = None
    """What the next audit compares; null as above."""


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
    """The outcome of one audit."""

    schema_version: int = SCHEMA_VERSION
    """1."""
    environment: str
    """The environment's name in the fleet file."""
    run_id: str
    """ID of the flow run in Prefect."""
    started_at: datetime
    """When the audit began."""
    finished_at: datetime
    """When the audit ended."""
    manifest: ManifestEntry
    """`checksum`, `migrations`: the versions in order, `product`: what the manifest names as the product, or null, and
    `scripts`: the checksums of the migrations' scripts, in the order of `migrations`.
    """
    summary: dict[str, int]
    """The number of `tenants`, and how many are `ready`, `degraded`, `blocked`, `unreachable`, `unknown`; and
    `skipped`, which are not among `tenants`.
    """
    tenants: tuple[TenantEntry, ...]
    """The selected tenants, by ring and then in the order of the fleet file."""
    since: TrendEntry | None = None
    """Comparison with the previous audit; null without one."""
    variants: tuple[VariantEntry, ...] = ()
    """Groups of tenants with the same managed objects, largest first."""
    accepted: tuple[AcceptanceEntry, ...] = ()
    """The fleet file's acceptances."""
    skipped: tuple[SkippedEntry, ...] = ()
    """The selected tenants that were skipped: `name` and `reason`."""
    shared: tuple[SharedEntry, ...] = ()
    """Faults in objects that several tenants of a database share."""
    is_first: bool = False
    """The environment has no earlier audit of this manifest to compare with."""
    logins: tuple[LoginEntry, ...] = ()
    """Logins with more rights than they need: `server`, `login`, `use` (`audits`,
    `rollouts`, or `audits and rollouts`), and `warnings`, each with a `code` (`SUPERUSER`, `CREATEROLE`, `CREATEDB`,
    `REPLICATION`, `BYPASSRLS`, the name of a predefined role, `OWNS`, or `READS`) and a `message`.
    """
