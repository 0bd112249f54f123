"""The audit document as JSON for other programs. Keys are added, never renamed or removed."""

from datetime import datetime
from enum import StrEnum

from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.audit_context import (
    AcceptanceEntry,
    LossEntry,
    SharedEntry,
    TrendEntry,
    VariantEntry,
)
from pgfleet.documents.entry import Entry
from pgfleet.documents.findings import ContractEntry, CountEntry, Evidence, MigrationEntry, SeedEntry, UnexpectedEntry
from pgfleet.documents.login_rights import LoginEntry
from pgfleet.fleet.pooler import Pooler

SCHEMA_VERSION = 1


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


class PositionEntry(Entry):
    """How far a tenant is: the last applied version (null if there is none), and how many migrations are in each state.

    `applied` includes drifted migrations. `by` is the evidence for the last applied version.
    """

    version: str | None
    applied: int
    pending: int
    unknown: int
    by: Evidence


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
