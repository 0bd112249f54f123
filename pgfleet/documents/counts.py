"""The count document: JSON for other programs. Keys are added, never renamed or removed."""

from datetime import datetime

from pgfleet.documents.audit import SkippedEntry
from pgfleet.documents.entry import Entry
from pgfleet.documents.findings import CountEntry

SCHEMA_VERSION = 1


class TenantCounts(Entry):
    """The counted tables of one tenant; `reason` says why some or all are missing."""

    name: str
    ring: str
    reason: str | None = None
    counts: tuple[CountEntry, ...] | None = None


class CountDocument(Entry):
    """One count of a fleet."""

    schema_version: int = SCHEMA_VERSION
    """1."""
    environment: str
    """The environment's name in the fleet file."""
    run_id: str
    """ID of the flow run in Prefect."""
    started_at: datetime
    """When the run began."""
    finished_at: datetime
    """When the run ended."""
    summary: dict[str, int]
    """The number of `tenants`, how many are `counted` and `uncounted`, and `skipped`, which are not among `tenants`."""
    tenants: tuple[TenantCounts, ...]
    """Every selected tenant, ring by ring."""
    skipped: tuple[SkippedEntry, ...] = ()
    """As in the audit document."""
