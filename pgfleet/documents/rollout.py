"""The rollout document: what a rollout did, as JSON for other programs. Keys are added, never renamed or removed."""

from datetime import datetime
from enum import StrEnum

from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.audit import CountEntry, DifferenceEntry, ManifestEntry, SkippedEntry, Verdict
from pgfleet.documents.entry import Entry
from pgfleet.documents.plan import Action
from pgfleet.manifest.model import Priority

SCHEMA_VERSION = 2
COUNTS_SCHEMA_VERSION = 1


class Result(StrEnum):
    """What came of a rollout in one tenant; the order is worst first, as reports list them."""

    FAILED = "failed"
    """Something was not done that should have been; whatever was not proven was rolled back."""
    UNREACHABLE = "unreachable"
    """No connection could be had."""
    NOT_REACHED = "not_reached"
    """The rollout halted before it was begun."""
    DONE = "done"
    """All of the plan was done."""
    UNCHANGED = "unchanged"
    """There was nothing to do."""


class StepStatus(StrEnum):
    """What came of one migration or seed in one tenant."""

    DONE = "done"
    SKIPPED = "skipped"
    """There was nothing to do."""
    FAILED = "failed"
    """It is not done: rolled back, or, where it runs outside a transaction, left for the next run to take up."""
    NOT_REACHED = "not_reached"
    """A migration that it requires is not there, or the tenant was lost before."""
    NOT_EXERCISED = "not_exercised"
    """It cannot be rolled back, or stands on one that cannot."""


class ErrorEntry(Entry):
    """What went wrong, where in which script, and what to do next."""

    message: str
    sqlstate: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None
    advice: str | None = None


class MigrationStep(Entry):
    """One migration in one tenant; `residual` are the differences that it would have left, had it been committed.

    `along` are later versions whose scripts were run in the same transaction, because this one undoes part of them.
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
    """One seed in one tenant; `rows_added` is null where it was not planted."""

    name: str
    status: StepStatus
    rows_added: int | None = None
    duration_ms: int | None = None
    detail: str | None = None
    error: ErrorEntry | None = None


class CountPair(Entry):
    """One table's rows before and after; null where it was not there or not counted."""

    table: str
    before: CountEntry | None
    after: CountEntry | None


class TenantResult(Entry):
    """One tenant; `reason` says why it failed as a whole, was not reached or is unreachable.

    `obstacle` is the verdict that kept the rollout from beginning: unreachable or unknown. `unreachable_because` is the
    reason out of a closed set, where no session could be had.
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


class FailureGroup(Entry):
    """Tenants that failed for one reason: SQLSTATE (or kind of error), migration and line."""

    signature: str
    message: str
    advice: str | None
    tenants: tuple[str, ...]


class RingOutcome(StrEnum):
    """What came of one ring."""

    COMPLETED = "completed"
    """Every tenant of it was worked on, and no more failed than may."""
    HALTED = "halted"
    """More failed than may, or it did not stay ready."""
    NOT_REACHED = "not_reached"


class RestartEntry(Entry):
    """A service that was restarted after a ring, or could not be."""

    service: str
    restarted: bool
    detail: str | None = None


class WatchEntry(Entry):
    """What was seen of one watched table in one tenant after the ring; null where it could not be read.

    `overdue` tasks were due and waiting at the end, `taken` were started or completed meanwhile; `updates` and `scans`
    are how far PostgreSQL's counters for the table moved.
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
    """A wave of a ring: what came of its tenants, as in the summary, and when it was worked on.

    `attempts` is how many workers it took: more than one where some were lost.
    """

    number: int
    tenants: dict[str, int]
    started_at: datetime
    finished_at: datetime
    attempts: int = 1


class RingEntry(Entry):
    """One ring: how it ended and why, what failed in it, and what was done after it.

    `started_at` and `finished_at` are null where it was not begun; its watch and its soak lie between them.
    """

    name: str
    outcome: RingOutcome
    reason: str | None = None
    budget: int
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
    """The outcome of one rollout, dry run or seeding; `seeds_alone` says that it was about no migrations."""

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

    @property
    def what(self) -> str:
        """`rollout`, `dry run`, `seed` or `seed dry run`."""
        kinds = ("seed dry run", "seed") if self.seeds_alone else ("dry run", "rollout")
        return kinds[0] if self.dry_run else kinds[1]


class TenantCounts(Entry):
    """The counted tables of one tenant; where `counts` is null `reason` says why."""

    name: str
    ring: str
    reason: str | None = None
    counts: tuple[CountEntry, ...] | None = None


class CountDocument(Entry):
    """The outcome of one count of a fleet."""

    schema_version: int = COUNTS_SCHEMA_VERSION
    environment: str
    run_id: str
    started_at: datetime
    finished_at: datetime
    summary: dict[str, int]
    tenants: tuple[TenantCounts, ...]
    skipped: tuple[SkippedEntry, ...] = ()
