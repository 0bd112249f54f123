"""Inserts rows into every table of a scratch database, so that scripts that lose rows are detected."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import groupby, product
from typing import Any

from psycopg import sql

from pgfleet.catalog.objects import CatalogObject, ObjectKind
from pgfleet.check.evidence import Rows
from pgfleet.check.sample_rows import STYLES, FillableColumn, FillableTable, sample_value, sort_by_reference
from pgfleet.errors import PermanentError
from pgfleet.postgres.query import Query
from pgfleet.postgres.session import Session
from pgfleet.run.shipped import statement

ROWS_A_TABLE = 3
FAR = 1000
"""Numbers that a script rarely uses in its own rows; smaller ones are tried where these do not fit."""


def fill(session: Session) -> Mapping[str, str]:
    """Inserts rows into every table; returns why a table stayed empty, by name. Raises transient DatabaseErrors."""
    reasons = _fill_together(session, sort_by_reference(_read_fillable(session)))
    # Pending deferred checks would block ALTER TABLE.
    session.write(Query("SET CONSTRAINTS ALL IMMEDIATE", at_home=True))
    return {f"{each.schema or session.home}.{each.name}": reason for each, reason in reasons.items() if reason}


def read_rows(session: Session, objects: Sequence[CatalogObject]) -> Rows:
    """The row digests of all tables among `objects`. Raises a DatabaseError."""
    tables = [each.identity for each in objects if each.identity.kind is ObjectKind.TABLE]
    text = sql.SQL(statement("introspection/row_digests"))
    queries = [
        Query(text.format(table=sql.Identifier(each.schema or session.home, each.name)).as_string()) for each in tables
    ]
    found = session.fetch(*queries) if queries else []
    return {each.qualified(session.home): dict(rows) for each, rows in zip(tables, found, strict=True)}


def _read_fillable(session: Session) -> list[FillableTable]:
    [rows] = session.fetch(Query(statement("introspection/fillable")))
    groups = groupby(rows, key=lambda row: row[:2])
    return [FillableTable(schema=key[0], name=key[1], columns=tuple(map(_column, group))) for key, group in groups]


def _column(row: tuple[Any, ...]) -> FillableColumn:
    _, _, name, type_, base, is_array, is_range, length, labels, conditions, is_required, target = row
    return FillableColumn(
        name=name,
        type=type_,
        base=base,
        is_array=is_array,
        is_range=is_range,
        length=length,
        labels=tuple(labels),
        conditions=tuple(conditions),
        is_required=is_required,
        target=tuple(target) if target else None,
    )


def _fill_together(session: Session, tables: Sequence[FillableTable]) -> dict[FillableTable, str | None]:
    """Fills all tables in one round trip; where an insertion fails, each half of them, down to a single table."""
    numbered = product(tables, range(1, ROWS_A_TABLE + 1))
    with suppress(PermanentError):
        session.write(*(_insertion(table, table.columns, FAR + n, STYLES[0]) for table, n in numbered))
        return dict.fromkeys(tables)
    if len(tables) == 1:
        return {tables[0]: _fill(session, tables[0])}
    half = len(tables) // 2
    return _fill_together(session, tables[:half]) | _fill_together(session, tables[half:])


def _fill(session: Session, table: FillableTable) -> str | None:
    """None if at least one row was inserted, else the last error message."""
    messages = [_insert(session, table, number) for number in range(1, ROWS_A_TABLE + 1)]
    return messages[-1] if all(messages) else None


def _insert(session: Session, table: FillableTable, number: int) -> str | None:
    """Inserts a row of all columns, or of only the required ones; the last error message if neither works."""
    required = tuple(each for each in table.columns if each.is_required)
    message = None
    for columns, n, style in product((table.columns, required), (FAR + number, number), STYLES):
        try:
            session.write(_insertion(table, columns, n, style))
        except PermanentError as error:
            message = error.message
        else:
            return None
    return message


def _insertion(table: FillableTable, columns: Sequence[FillableColumn], n: int, style: str) -> Query:
    values = {each.name: _value(each, n, style) for each in columns}
    given = {name: value for name, value in values.items() if value is not None}
    path = sql.Identifier(table.schema, table.name)
    if not given:
        return Query(sql.SQL("INSERT INTO {} DEFAULT VALUES").format(path).as_string(), at_home=True)
    names, texts = sql.SQL(", ").join(map(sql.Identifier, given)), sql.SQL(", ").join(given.values())
    return Query(sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(path, names, texts).as_string(), at_home=True)


def _value(column: FillableColumn, n: int, style: str) -> sql.Composable | None:
    if column.target:
        return _referred(column.target, n)
    value = sample_value(column, n, style)
    return None if value is None else sql.SQL("{}::{}").format(sql.Literal(value), sql.SQL(column.type))


def _referred(target: tuple[str, str, str], n: int) -> sql.Composed:
    """The n-th row's value; columns that refer to the same table together refer to the same row."""
    schema, table, column = target
    text = (
        "(SELECT t.{} FROM {} AS t ORDER BY ROW(t.*)::text "
        "OFFSET {} %% greatest(1, (SELECT pg_catalog.count(*) FROM {})) LIMIT 1)"
    )
    path = sql.Identifier(schema, table)
    return sql.SQL(text.replace("%%", "%")).format(sql.Identifier(column), path, sql.Literal(n), path)
