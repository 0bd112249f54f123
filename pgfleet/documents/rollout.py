"""The rollout and count documents: JSON for other programs. Keys are added, never renamed or removed."""

from datetime import datetime
from enum import StrEnum

from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.audit import CountEntry, DifferenceEntry, ManifestEntry, SkippedEntry, Verdict
from pgfleet.documents.entry import Entry, ErrorEntry
from pgfleet.documents.plan import Action, ScriptEntry
from pgfleet.documents.repair import TenantRepair
from pgfleet.manifest.model import Priority

SCHEMA_VERSION = 2
COUNTS_SCHEMA_VERSION = 1


class Result(StrEnum):
    """The result of a rollout in one tenant, worst first."""

    FAILED = "failed"
    """At least one step failed; unproven changes were rolled back."""
    UNREACHABLE = "unreachable"
    """Could not connect."""
    NOT_REACHED = "not_reached"
    """The rollout halted before it began this tenant."""
    PARTLY_EXERCISED = "partly_exercised"
    """A dry run could not exercise the entire plan; what it exercised succeeded."""
    DONE = "done"
    """The entire plan was carried out."""
    UNCHANGED = "unchanged"
    """Nothing to do."""


SUCCEEDED = frozenset({Result.PARTLY_EXERCISED, Result.DONE, Result.UNCHANGED})


class StepStatus(StrEnum):
    """The status of one migration or seed in one tenant."""

    DONE = "done"
    SKIPPED = "skipped"
    """Nothing to do."""
    FAILED = "failed"
    """Rolled back; outside a transaction, left for the next run to resume."""
    NOT_REACHED = "not_reached"
    """A required migration is not applied, or the connection was lost first."""
    ROLLED_BACK = "rolled_back"
    """Succeeded, and was rolled back with the tenant's transaction because another step failed."""
    NOT_EXERCISED = "not_exercised"
    """A dry run cannot roll it back, or cannot roll back a migration that it requires."""


class MigrationStep(Entry):
    """One migration in one tenant; `residual` are the differences that remained, and for which it was rolled back.

    `along` are later versions whose scripts ran in the same transaction, because this one undoes part of them.
    """

    version: str
    file: str
    priority: Priority
    action: Action
    status: StepStatus
    altered: bool = False
    duration_ms: int | None = None
    detail: str | None = None
    error: ErrorEntry | None = None
    residual: tuple[DifferenceEntry, ...] = ()
    along: tuple[str, ...] = ()


class SeedStep(Entry):
    """One seed in one tenant; `rows_added` is null where it was not applied."""

    name: str
    status: StepStatus
    rows_added: int | None = None
    duration_ms: int | None = None
    detail: str | None = None
    error: ErrorEntry | None = None


class CountPair(Entry):
    """One table's rows before and after; null where they were not counted."""

    table: str
    before: CountEntry | None
    after: CountEntry | None


class TenantResult(Entry):
    """One tenant; `reason` says why it failed as a whole, was not reached, or is unreachable.

    `obstacle` is the verdict for which nothing was begun: unreachable or unknown. `unreachable_because` is one of a
    closed set of reasons. `repair` is what was run besides the migrations' scripts to fix drift. `remaining` are the
    differences, without accepted ones, that the tenant still has in the migrations that are applied.
    """

    name: str
    ring: str
    result: Result
    obstacle: Verdict | None = None
    reason: str | None = None
    unreachable_because: ConnectFailure | None = None
    error: ErrorEntry | None = None
    migrations: tuple[MigrationStep, ...] = ()
    seeds: tuple[SeedStep, ...] = ()
    counts: tuple[CountPair, ...] = ()
    repair: TenantRepair | None = None
    remaining: tuple[DifferenceEntry, ...] = ()


class FailureGroup(Entry):
    """Tenants with the same failure: SQLSTATE (or kind of error), migration, and line."""

    signature: str
    message: str
    advice: str | None
    tenants: tuple[str, ...]


class RingOutcome(StrEnum):
    """The outcome of one ring."""

    COMPLETED = "completed"
    """All tenants were worked on, within the failure budget."""
    HALTED = "halted"
    """The failure budget was exceeded, or the ring did not stay ready."""
    NOT_REACHED = "not_reached"


class RestartEntry(Entry):
    """A service to restart after a ring."""

    service: str
    restarted: bool
    detail: str | None = None


class WatchEntry(Entry):
    """One watched table in one tenant after the ring; null where it could not be read.

    `overdue` tasks were waiting past their time at the end, `taken` were started or completed meanwhile; `updates` and
    `scans` are the increases of PostgreSQL's counters for the table.
    """

    tenant: str
    watch: str
    table: str
    overdue: int | None = None
    taken: int | None = None
    updates: int | None = None
    scans: int | None = None
    is_finding: bool = False
    detail: str


class WaveEntry(Entry):
    """A wave of a ring: its tenants per result, and its times.

    `attempts` is the number of workers that ran it: more than one where some were lost.
    """

    number: int
    tenants: dict[str, int]
    started_at: datetime
    finished_at: datetime
    attempts: int = 1


class RingEntry(Entry):
    """One ring: its outcome and why, its failures, and what followed it.

    `budget` is the number of tenants that may fail; `findings` is the number of tenants that did not fail and still
    have drift. `started_at` and `finished_at` include its watch and its soak, and
    are null where it was not begun.
    """

    name: str
    outcome: RingOutcome
    reason: str | None = None
    budget: int
    findings: int = 0
    tenants: dict[str, int]
    waves: tuple[WaveEntry, ...] = ()
    failures: tuple[FailureGroup, ...] = ()
    restarts: tuple[RestartEntry, ...] = ()
    soaked_seconds: float | None = None
    watched_seconds: float | None = None
    watch: tuple[WatchEntry, ...] = ()
    started_at: datetime | None = None
    finished_at: datetime | None = None


class RolloutDocument(Entry):
    """One rollout, dry run, seeding, or revert; with `seeds_alone` it was about no migrations.

    `revert_to` is the version after which migrations were reverted, or `none`; null for anything else than a revert.
    """

    schema_version: int = SCHEMA_VERSION
    environment: str
    run_id: str
    plan_digest: str
    dry_run: bool
    outcome: str
    reason: str | None = None
    started_at: datetime
    finished_at: datetime
    manifest: ManifestEntry
    summary: dict[str, int]
    rings: tuple[RingEntry, ...]
    tenants: tuple[TenantResult, ...]
    skipped: tuple[SkippedEntry, ...] = ()
    seeds_alone: bool = False
    revert_to: str | None = None
    scripts: tuple[ScriptEntry, ...] = ()

    @property
    def what(self) -> str:
        """`rollout`, `dry run`, `seed`, `seed dry run`, `revert`, or `revert dry run`."""
        kind = "revert" if self.revert_to else "seed" if self.seeds_alone else "rollout"
        return f"{kind} dry run".removeprefix("rollout ") if self.dry_run else kind


class TenantCounts(Entry):
    """The counted tables of one tenant; `reason` says why some or all are missing."""

    name: str
    ring: str
    reason: str | None = None
    counts: tuple[CountEntry, ...] | None = None


class CountDocument(Entry):
    """One count of a fleet."""

    schema_version: int = COUNTS_SCHEMA_VERSION
    environment: str
    run_id: str
    started_at: datetime
    finished_at: datetime
    summary: dict[str, int]
    tenants: tuple[TenantCounts, ...]
    skipped: tuple[SkippedEntry, ...] = ()
