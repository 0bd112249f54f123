"""The repair document: what was run in selected tenants to fix them, as JSON for other programs."""

from datetime import datetime
from enum import StrEnum

from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.audit import ScriptFaultEntry, SkippedEntry
from pgfleet.documents.entry import Entry, ErrorEntry, StatementEntry
from pgfleet.documents.findings import DifferenceEntry, MigrationStatus

SCHEMA_VERSION = 2


class RepairMode(StrEnum):
    """How far a repair goes."""

    PLAN = "plan"
    """Only find what would run."""
    DRY_RUN = "dry_run"
    """Run everything and roll it back."""
    REPAIR = "repair"


class RepairResult(StrEnum):
    """The result of a repair in one tenant, worst first."""

    FAILED = "failed"
    """A statement failed, or a difference remained: the tenant is unchanged."""
    UNREACHABLE = "unreachable"
    """Could not connect."""
    REPAIRED = "repaired"
    """Everything was run, proven, and committed; in a dry run, rolled back."""
    UNCHANGED = "unchanged"
    """There was nothing that pgfleet can repair."""
    NOT_REACHED = "not_reached"
    """Not begun: the approved repair is no longer what would run."""


class NotRepairableEntry(Entry):
    """A migration that is not applied, and that a repair cannot fix; `reason` says why."""

    version: str
    file: str
    status: MigrationStatus
    reason: str


class TenantRepair(Entry):
    """One tenant: `versions` are reapplied first, then `statements` run."""

    name: str
    """The tenant."""
    ring: str
    """Its ring."""
    result: RepairResult
    """`repaired` (in a dry run, and rolled back), `unchanged`, `failed`, `not_reached` (the repair was refused),
    `unreachable`.
    """
    detail: str | None = None
    """That an earlier attempt of the same run had committed the repair but lost its connection before it knew, or that
    shared objects were repaired through another tenant.
    """
    unreachable_because: ConnectFailure | None = None
    """Why it is unreachable, from a closed set."""
    digest: str | None = None
    """SHA-256 of the versions, their scripts' checksums, and the statements; null if nothing could be planned."""
    versions: tuple[str, ...] = ()
    """The migrations that are reapplied, in the manifest's order."""
    statements: tuple[StatementEntry, ...] = ()
    """Run after them, in this order: `sql`, and `hazards` and `hazard_codes` as in the audit document."""
    repaired: tuple[DifferenceEntry, ...] = ()
    """The differences that are gone, without the objects of a missing table; as in the audit document, with
    `actual_left_out`. Empty if the tenant failed.
    """
    remaining: tuple[DifferenceEntry, ...] = ()
    """The differences that only a person can fix, with their `repair` and `actual_left_out`."""
    not_repairable: tuple[NotRepairableEntry, ...] = ()
    """Migrations that are not applied for a reason other than a difference: `version`, `file`, `status` (`pending`,
    `drifted`, `unknown`), `reason`.
    """
    residual: tuple[DifferenceEntry, ...] = ()
    """The differences that remained or appeared, and for which the repair was rolled back; with `actual_left_out`."""
    duration_ms: int | None = None
    """Of the attempt that counted."""
    error: ErrorEntry | None = None
    """As in the rollout document; `file` is a script, or `statement 2`."""
    own_digest: str | None = None
    """The same digest of only what concerns the tenant's own objects: what remains to be done after another tenant of
    the database has repaired the shared ones.
    """
    script_fault: ScriptFaultEntry | None = None
    """The fault of a script of the manifest for which nothing could be planned."""


class RepairDocument(Entry):
    """One repair or its dry run; `reason` says why nothing was done."""

    schema_version: int = SCHEMA_VERSION
    """2."""
    environment: str
    """The environment's name in the fleet file."""
    run_id: str
    """ID of the flow run in Prefect."""
    digest: str
    """SHA-256 of the tenants' names and digests: what a person approves."""
    dry_run: bool
    """Whether every change was rolled back."""
    outcome: str
    """How the repair ended."""
    reason: str | None = None
    """Why it was refused."""
    started_at: datetime
    """When the run began."""
    finished_at: datetime
    """When the run ended."""
    summary: dict[str, int]
    """The number of `tenants`, and how many are `repaired`, `unchanged`, `failed`, `not_reached`, `unreachable`; and
    `skipped`, which are not among `tenants`.
    """
    tenants: tuple[TenantRepair, ...]
    """Every selected tenant, ring by ring."""
    skipped: tuple[SkippedEntry, ...] = ()
    """As in the audit document."""
