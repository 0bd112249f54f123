"""Puts rows into every table of a scratch database, so that a script has something to lose there."""

from collections.abc import Mapping, Sequence
from itertools import groupby, product
from typing import Any

from psycopg import sql

from pgfleet.catalog.objects import CatalogObject, ObjectKind
from pgfleet.check.evidence import Rows
from pgfleet.check.sample_rows import STYLES, FillableColumn, FillableTable, in_order, value_of
from pgfleet.errors import DatabaseError
from pgfleet.postgres.query import Query
from pgfleet.postgres.session import Session
from pgfleet.run.shipped import statement

ROWS_A_TABLE = 3
FAR = 1000
"""Numbers that a script of the manifest hardly uses in rows of its own; near ones are tried where those do not fit."""


def fill(session: Session) -> Mapping[str, str]:
    """Puts rows into every table, and says of each that takes none why not. Raises transient DatabaseErrors."""
    tables = in_order(_read_fillable(session))
    refused = {_shown(session, each.schema, each.name): _fill(session, each) for each in tables}
    session.write(Query("SET CONSTRAINTS ALL IMMEDIATE"))  # a deferred one would stand in the way of ALTER TABLE
    return {table: reason for table, reason in refused.items() if reason}


def read_rows(session: Session, objects: Sequence[CatalogObject]) -> Rows:
    """The rows of all the tables among `objects`, by digest. Raises a DatabaseError."""
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


def _fill(session: Session, table: FillableTable) -> str | None:
    """None if at least one row went in, else what the server said to the last attempt."""
    said, is_filled = None, False
    for number in range(1, ROWS_A_TABLE + 1):
        said = _insert_somehow(session, table, number)
        is_filled = is_filled or said is None
    return None if is_filled else said


def _insert_somehow(session: Session, table: FillableTable, number: int) -> str | None:
    """A row of all columns, or of the required ones alone where that is not taken."""
    required = tuple(each for each in table.columns if each.is_required)
    said = None
    for columns, n, style in product((table.columns, required), (FAR + number, number), STYLES):
        try:
            session.write(_insertion(table, columns, n, style))
        except DatabaseError as error:
            if error.transient:
                raise
            said = error.message
        else:
            return None
    return said


def _insertion(table: FillableTable, columns: Sequence[FillableColumn], n: int, style: str) -> Query:
    values = {each.name: _value(each, n, style) for each in columns}
    given = {name: value for name, value in values.items() if value is not None}
    path = sql.Identifier(table.schema, table.name)
    if not given:
        return Query(sql.SQL("INSERT INTO {} DEFAULT VALUES").format(path).as_string())
    names, texts = sql.SQL(", ").join(map(sql.Identifier, given)), sql.SQL(", ").join(given.values())
    return Query(sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(path, names, texts).as_string())


def _value(column: FillableColumn, n: int, style: str) -> sql.Composable | None:
    if column.target:
        return _referred(column.target, n)
    value = value_of(column, n, style)
    return None if value is None else sql.SQL("{}::{}").format(sql.Literal(value), sql.SQL(column.type))


def _referred(target: tuple[str, str, str], n: int) -> sql.Composed:
    """The n-th row's value; of columns that refer to the same table together, the same row's."""
    schema, table, column = target
    text = (
        "(SELECT t.{} FROM {} AS t ORDER BY ROW(t.*)::text OFFSET {} %% greatest(1, (SELECT count(*) FROM {})) LIMIT 1)"
    )
    path = sql.Identifier(schema, table)
    return sql.SQL(text.replace("%%", "%")).format(sql.Identifier(column), path, sql.Literal(n), path)


def _shown(session: Session, schema: str, name: str) -> str:
    return f"{schema or session.home}.{name}"
