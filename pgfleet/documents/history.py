"""The history document: JSON for other programs. Keys are added, never renamed or removed."""

from datetime import datetime

from pgfleet.documents.entry import Entry

SCHEMA_VERSION = 1


class LedgerEntry(Entry):
    """A migration's row in pgfleet's ledger: its state, and who recorded it, when, and in which run.

    `file_changed`: the manifest's script is no longer the one that was recorded; null if the manifest does not have the
    migration.
    """

    version: str
    file: str
    state: str
    checksum: str
    file_changed: bool | None = None
    run_id: str
    recorded_by: str
    recorded_at: datetime


class EventEntry(Entry):
    """Something that was done with a migration; `application` is null if it was not recorded."""

    happened_at: datetime
    event: str
    version: str
    file: str
    checksum: str
    file_changed: bool | None = None
    run_id: str
    recorded_by: str
    application: str | None = None


class ToolLedger(Entry):
    """The ledger of the migration tool that the manifest names: its columns, and its rows as text."""

    tool: str
    table: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]


class HistoryDocument(Entry):
    """What was recorded in one tenant, oldest first."""

    schema_version: int = SCHEMA_VERSION
    """1."""
    environment: str
    """The environment and the tenant in the fleet file."""
    name: str
    """The environment and the tenant in the fleet file."""
    home: str
    """As in the audit document."""
    database: str
    """As in the audit document."""
    ledger: tuple[LedgerEntry, ...] | None
    """The current row of each migration, by version; null if the tenant has no ledger."""
    events: tuple[EventEntry, ...] | None
    """What was done, oldest first; null if the tenant has no ledger."""
    tool: ToolLedger | None
    """The ledger of the migration tool; null if the manifest names none, or the tenant has none."""
    faults: tuple[str, ...] = ()
    """What could not be read."""
