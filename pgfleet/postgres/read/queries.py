"""Asks a tenant the manifest's questions: checks, seeds, counts."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from psycopg import sql

from pgfleet.errors import DatabaseError, PrivilegeMissing
from pgfleet.judge.observations import CountObservation, QueryResult, SeedObservation
from pgfleet.judge.seeds import seed_key
from pgfleet.manifest.model import Check, Count, Seed
from pgfleet.postgres.query import Query
from pgfleet.postgres.session import Session
from pgfleet.run.shipped import statement

ABSENT = ("42", "3F")
"""SQLSTATE classes that say: something the statement names is not there (a table, column, function, schema)."""


def check_queries(checks: Iterable[Check]) -> list[Query]:
    """What is asked for these checks."""
    return [Query(check.query) for check in checks]


def seed_query(seed: Seed, baseline: Iterable[Mapping[str, Any]] | None) -> Query:
    """What is asked for a seed: its rows under the keys of `baseline`, or all where it is None."""
    keys = None if baseline is None else json.dumps([seed_key(seed, row) for row in baseline])
    as_text = sql.SQL("coalesce(to_jsonb(t.{}) #>> '{{}}', 'null')")
    columns = sql.SQL(", ").join(as_text.format(_name(column)) for column in seed.key)
    text = sql.SQL(statement("introspection/seed_rows")).format(table=_relation(seed.table), key=columns)
    return Query(text.as_string(), {"keys": keys})


def count_query(count: Count, *, limit_rows: int) -> Query:
    """What is asked for a count."""
    text = sql.SQL(statement("introspection/row_count")).format(table=_relation(count.table))
    table = sql.Identifier(*count.table.split(".")).as_string()
    return Query(text.as_string(), {"limit": limit_rows, "table": table})


def answer_checks(session: Session, checks: Sequence[Check]) -> tuple[QueryResult, ...]:
    """The answer to each check, in one round trip unless one of them fails. Raises transient DatabaseErrors."""
    queries = check_queries(checks)
    if not queries:
        return ()
    try:
        return tuple(QueryResult(rows=tuple(rows)) for rows in session.fetch(*queries))
    except DatabaseError as error:
        if error.transient:
            raise
        return tuple(_answer(session, query) for query in queries)


def read_seed(session: Session, seed: Seed, baseline: Iterable[Mapping[str, Any]] | None) -> SeedObservation:
    """The seed's rows: those under the keys of `baseline`, or all where it is None. Raises transient DatabaseErrors."""
    answer = _answer(session, seed_query(seed, baseline))
    return SeedObservation(rows=tuple(row for (row,) in answer.rows), absent=answer.absent, fault=answer.fault)


def count_rows(session: Session, count: Count, *, limit_rows: int) -> CountObservation:
    """The table's rows, estimated where there may be more than `limit_rows`. Raises transient DatabaseErrors."""
    answer = _answer(session, count_query(count, limit_rows=limit_rows))
    if not answer.rows:
        return CountObservation(table=count.table, rows=None, exact=False, fault=answer.fault)
    [(counted, estimated)] = answer.rows
    exact = counted is not None
    return CountObservation(table=count.table, rows=counted if exact else estimated, exact=exact)


def _answer(session: Session, query: Query) -> QueryResult:
    try:
        [rows] = session.fetch(query)
    except DatabaseError as error:
        if error.transient:
            raise
        absent = error.sqlstate.startswith(ABSENT) and not isinstance(error, PrivilegeMissing)
        return QueryResult(absent=error.message) if absent else QueryResult(fault=str(error))
    return QueryResult(rows=tuple(rows))


def _relation(name: str) -> sql.Identifier:
    return _name(*name.split("."))


def _name(*parts: str) -> sql.Identifier:
    """For a text that takes parameters, in which a percent sign is written twice."""
    return sql.Identifier(*(part.replace("%", "%%") for part in parts))
