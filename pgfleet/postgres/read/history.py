"""Reads what was recorded in a tenant: pgfleet's ledger and events, and the ledger of the migration tool."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from psycopg import sql
from pydantic import ValidationError

from pgfleet.documents.entry import Entry
from pgfleet.documents.history import EventEntry, HistoryDocument, LedgerEntry, ToolLedger
from pgfleet.errors import LedgerUnusable, PermanentError
from pgfleet.manifest.model import Manifest
from pgfleet.manifest.source.ledger import TableName, table_name
from pgfleet.postgres.query import Query, Rows
from pgfleet.postgres.read.whole_table import read_whole
from pgfleet.postgres.session import Session
from pgfleet.run.shipped import statement

LEDGER = TableName(schema="pgfleet", name="ledger")
EVENTS = TableName(schema="pgfleet", name="ledger_events")

Found = TypeVar("Found", bound=Entry)
Row = Mapping[str, Any]


def read_history(session: Session, manifest: Manifest, environment: str) -> HistoryDocument:
    """The history of the session's tenant; a table that cannot be read is a fault. Raises ConnectionFailed."""
    tool = table_name(manifest.ledger.table, home=session.home) if manifest.ledger else None
    reader = _Reader(session, manifest, [LEDGER, EVENTS, *([tool] if tool else [])])
    ledger, events = reader.entries(LEDGER, LedgerEntry, "version"), reader.entries(EVENTS, EventEntry, "id")
    return HistoryDocument(
        environment=environment,
        name=session.name,
        home=session.home,
        database=session.database,
        ledger=ledger,
        events=events,
        tool=reader.tool(tool) if tool else None,
        faults=tuple(reader.faults),
    )


class _Reader:
    """Reads all rows of tables, naming only their columns.

    Comparing values in the server would run functions of the tenant's owner, if the owner created the type. Rows are
    therefore selected and sorted here.
    """

    def __init__(self, session: Session, manifest: Manifest, tables: Sequence[TableName]) -> None:
        self.session, self.manifest = session, manifest
        self.faults: list[str] = []
        parameters = {"schemas": [each.schema for each in tables], "names": [each.name for each in tables]}
        [rows] = session.fetch(Query(statement("ledger/columns"), parameters))
        self._columns: dict[TableName, list[str]] = {}
        for schema, name, column in rows:
            self._columns.setdefault(TableName(schema=schema, name=name), []).append(column)

    def entries(self, table: TableName, kind: type[Found], order: str) -> tuple[Found, ...] | None:
        """The home schema's rows of one of pgfleet's own tables; None if there is no such table."""
        rows = self._read(table)
        if rows is None:
            return None
        try:
            own = sorted(
                (each for each in rows if each["home_schema"] == self.session.home), key=lambda each: each[order]
            )
            return tuple(kind.model_validate({**each, "file_changed": self._has_changed(each)}) for each in own)
        except (ArithmeticError, KeyError, TypeError, ValidationError):  # a tenant's table may contain anything
            self.faults.append(f"{table.schema}.{table.name} is not the table that pgfleet creates")
            return ()

    def tool(self, table: TableName) -> ToolLedger | None:
        """The migration tool's ledger, with every column; None if there is no such table."""
        rows, ledger = self._read(table), self.manifest.ledger
        if rows is None or ledger is None:
            return None
        columns = self._columns[table]
        values = [[each[name] for name in columns] for each in rows]
        return ToolLedger(
            tool=ledger.tool,
            table=ledger.table,
            columns=tuple(columns),
            rows=tuple(tuple(None if each is None else str(each) for each in row) for row in _ordered(values)),
        )

    def _read(self, table: TableName) -> list[Row] | None:
        columns = self._columns.get(table)
        if columns is None:
            return None
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        text = sql.SQL("SELECT {} FROM ONLY {}").format(names, sql.Identifier(table.schema, table.name))
        try:
            rows = read_whole(self.session, text.as_string(), table)
        except (PermanentError, LedgerUnusable) as error:
            self.faults.append(f"{table.schema}.{table.name} could not be read: {error}")
            return []
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def _has_changed(self, row: Row) -> bool | None:
        found = next((each for each in self.manifest.migrations if each.version == row["version"]), None)
        return None if found is None else bool(found.script.checksum != row["checksum"])


def _ordered(rows: Sequence[Sequence[Any]]) -> Rows:
    """By the first column that has a time in every row, or else by the first one, if its values can be compared."""
    columns = list(zip(*rows, strict=True))
    times = [place for place, column in enumerate(columns) if all(isinstance(each, datetime) for each in column)]
    try:
        return sorted(map(tuple, rows), key=lambda row: row[times[0] if times else 0])
    except (ArithmeticError, TypeError):  # a numeric NaN cannot be compared
        return list(map(tuple, rows))
