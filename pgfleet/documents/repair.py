"""The repair document: what was run in selected tenants to fix them, as JSON for other programs."""

from datetime import datetime
from enum import StrEnum

from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.audit import DifferenceEntry, MigrationStatus, SkippedEntry
from pgfleet.documents.entry import Entry, ErrorEntry, StatementEntry

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
    """One tenant: `versions` are reapplied first, then `statements` run.

    `remaining` differences need a person; `residual` ones are why the repair was rolled back. `not_repairable` are
    migrations that are not applied for a reason other than a difference. `digest` identifies exactly what was run,
    `own_digest` the part that concerns only the tenant's own objects. `detail` explains the result where needed.
    """

    name: str
    ring: str
    result: RepairResult
    detail: str | None = None
    unreachable_because: ConnectFailure | None = None
    digest: str | None = None
    versions: tuple[str, ...] = ()
    statements: tuple[StatementEntry, ...] = ()
    repaired: tuple[DifferenceEntry, ...] = ()
    remaining: tuple[DifferenceEntry, ...] = ()
    not_repairable: tuple[NotRepairableEntry, ...] = ()
    residual: tuple[DifferenceEntry, ...] = ()
    duration_ms: int | None = None
    error: ErrorEntry | None = None
    own_digest: str | None = None


class RepairDocument(Entry):
    """One repair or its dry run; `reason` says why nothing was done."""

    schema_version: int = SCHEMA_VERSION
    environment: str
    run_id: str
    digest: str
    dry_run: bool
    outcome: str
    reason: str | None = None
    started_at: datetime
    finished_at: datetime
    summary: dict[str, int]
    tenants: tuple[TenantRepair, ...]
    skipped: tuple[SkippedEntry, ...] = ()
