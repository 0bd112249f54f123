"""One ring in the rollout document: its waves and failures, and what followed it."""

from datetime import datetime
from enum import StrEnum

from pgfleet.documents.entry import Entry


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
    """A wave of a ring: its tenants per result, and its times."""

    number: int
    tenants: dict[str, int]
    """Like `summary`, for this wave."""
    started_at: datetime
    finished_at: datetime
    attempts: int = 1
    """The number of workers that ran it; more than one if some were lost."""


class RingEntry(Entry):
    """One ring: its outcome and why, its failures, and what followed it."""

    name: str
    """The ring."""
    outcome: RingOutcome
    """`completed`, `halted`, or `not_reached`."""
    reason: str | None = None
    """Why it halted."""
    budget: int
    """How many of its tenants may fail."""
    findings: int = 0
    """How many of its tenants did not fail, and still have drift."""
    tenants: dict[str, int]
    """Like `summary`, for this ring."""
    waves: tuple[WaveEntry, ...] = ()
    """In the order in which they began."""
    failures: tuple[FailureGroup, ...] = ()
    """Failures grouped by their reason, the largest group first: `signature` (SQLSTATE or message, migration, line),
    `message`, `advice`, `tenants`.
    """
    restarts: tuple[RestartEntry, ...] = ()
    """`service`, `restarted`, `detail`."""
    soaked_seconds: float | None = None
    """Null if the ring was not soaked."""
    watched_seconds: float | None = None
    """Null if the ring was not watched."""
    watch: tuple[WatchEntry, ...] = ()
    """One entry per tenant and watched table: `tenant`, `watch`, `table`; `overdue`, `taken`, `updates`, `scans` (null
    if they could not be read); `is_finding`, `detail`.
    """
    started_at: datetime | None = None
    """From the first tenant to the end of the watch and the soak; null if the ring was not begun."""
    finished_at: datetime | None = None
    """From the first tenant to the end of the watch and the soak; null if the ring was not begun."""
