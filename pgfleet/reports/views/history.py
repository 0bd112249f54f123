"""A tenant's history: what was done with its migrations, when, by which run, and by whom."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from pgfleet.documents.history import EventEntry, HistoryDocument, LedgerEntry
from pgfleet.reports.blocks import Lines, Paragraph, Section, Table, Tone, View, section
from pgfleet.wording import plural

CHECKSUM_SHOWN, RUN_SHOWN = 12, 8
EVENT = {"healed": "reapplied"}
"""Words for events whose name in the ledger is an old one."""
FILE_CHANGED, NOT_IN_MANIFEST = "file changed since", "not in the manifest"
NOT_RECORDED = "application not recorded"
NO_LEDGER = "There is no ledger: pgfleet has recorded nothing in this tenant."


def history_view(document: HistoryDocument, timezone: str = "UTC") -> View:
    """The ledger, the events, and the migration tool's ledger."""
    return View(
        title=f"History of {document.name} in {document.environment}",
        summary=_summary(document),
        facts=(("database", document.database), ("schema", document.home)),
        opening=(Paragraph(text=NO_LEDGER),) if document.ledger is None else (),
        details=(*_ledger(document, timezone), *_events(document, timezone), *_tool(document)),
        closing=section("Not read", Lines(lines=document.faults, tone=Tone.BAD)) if document.faults else (),
    )


def _summary(document: HistoryDocument) -> str:
    tool = f", {plural(len(document.tool.rows), 'row')} of {document.tool.tool}" if document.tool else ""
    recorded = f"{plural(len(document.ledger or ()), 'migration')} and {plural(len(document.events or ()), 'event')}"
    return f"{recorded} recorded{tool}"


def _ledger(document: HistoryDocument, timezone: str) -> Iterator[Section]:
    rows = tuple(
        (each.version, each.state, _moment(each.recorded_at, timezone), each.recorded_by, _run(each), _script(each))
        for each in document.ledger or ()
    )
    if rows:
        head = ("version", "state", "recorded", "by", "run", "script")
        yield Section(title="Ledger", blocks=(Table(head=head, rows=rows),))


def _events(document: HistoryDocument, timezone: str) -> Iterator[Section]:
    rows = tuple(
        (
            _moment(each.happened_at, timezone),
            EVENT.get(each.event, each.event),
            each.version,
            f"{each.recorded_by} ({each.application or NOT_RECORDED})",
            _run(each),
            _script(each),
        )
        for each in document.events or ()
    )
    if rows:
        yield Section(
            title="Events", blocks=(Table(head=("when", "what", "version", "by", "run", "script"), rows=rows),)
        )


def _tool(document: HistoryDocument) -> Iterator[Section]:
    if tool := document.tool:
        rows = tuple(tuple(each or "" for each in row) for row in tool.rows)
        yield Section(title=f"Ledger of {tool.tool}, {tool.table}", blocks=(Table(head=tool.columns, rows=rows),))


def _moment(when: datetime, timezone: str) -> str:
    """`2026-11-24 02:00:05`."""
    return f"{when.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M:%S}"


def _run(entry: LedgerEntry | EventEntry) -> str:
    return entry.run_id[:RUN_SHOWN]


def _script(entry: LedgerEntry | EventEntry) -> str:
    """The beginning of the checksum, and whether the file has changed."""
    note = NOT_IN_MANIFEST if entry.file_changed is None else FILE_CHANGED if entry.file_changed else ""
    return entry.checksum[:CHECKSUM_SHOWN] + (f" ({note})" if note else "")
