"""Runs the manifest's queries in a tenant: checks, seeds, counts, watches."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg import sql

from pgfleet.errors import PermanentError, PrivilegeMissing
from pgfleet.judge.entries import seed_key
from pgfleet.judge.observations import CountObservation, QueryResult, SeedObservation
from pgfleet.manifest.model import Check, Count, Seed, Watch
from pgfleet.manifest.statement_names import tables_of
from pgfleet.postgres.query import Query
from pgfleet.postgres.session import Session
from pgfleet.rollout.activity import ActivityObservation
from pgfleet.run.shipped import statement

ABSENT = ("42", "3F")
"""SQLSTATE classes for a table, column, function, or schema that does not exist."""


def check_query(check: Check) -> Query:
    """The check's query."""
    return Query(check.query, at_home=True, tables=tables_of(check.query))


def seed_query(seed: Seed, baseline: Iterable[Mapping[str, Any]] | None, *, home: str) -> Query:
    """The query for a seed's rows under the keys of `baseline`; None: all rows."""
    keys = None if baseline is None else json.dumps([seed_key(seed, row) for row in baseline])
    as_text = sql.SQL("coalesce(pg_catalog.to_jsonb(t.{}) #>> '{{}}', 'null')")
    columns = sql.SQL(", ").join(as_text.format(_name(column)) for column in seed.key)
    text = sql.SQL(statement("introspection/seed_rows")).format(table=_name(*qualified(seed.table, home)), key=columns)
    path = qualified(seed.table, home)
    return Query(text.as_string(), {"keys": keys}, tables=frozenset({quoted(path)}))


def count_query(count: Count, *, home: str, limit_rows: int) -> Query:
    """The query for a table's row count."""
    path = qualified(count.table, home)
    text, table = sql.SQL(statement("introspection/row_count")).format(table=_name(*path)), quoted(path)
    return Query(text.as_string(), {"limit": limit_rows, "table": table}, tables=frozenset({table}))


def run_checks(session: Session, checks: Sequence[Check]) -> tuple[QueryResult, ...]:
    """The result of each check, in one round trip unless one of them fails. Raises transient DatabaseErrors."""
    queries = [check_query(each) for each in checks]
    if not queries:
        return ()
    try:
        return tuple(QueryResult(rows=tuple(rows)) for rows in session.fetch(*queries))
    except PermanentError:
        return tuple(_run(session, query) for query in queries)


def read_seed(session: Session, seed: Seed, baseline: Iterable[Mapping[str, Any]] | None) -> SeedObservation:
    """The seed's rows under the keys of `baseline`; None: all rows. Raises transient DatabaseErrors."""
    return seed_observation(_run(session, seed_query(seed, baseline, home=session.home)))


def seed_observation(result: QueryResult) -> SeedObservation:
    """The result of a `seed_query`."""
    return SeedObservation(rows=tuple(row for (row,) in result.rows), absent=result.absent, fault=result.fault)


def count_rows(session: Session, count: Count, *, limit_rows: int) -> CountObservation:
    """The table's rows, estimated if there may be more than `limit_rows`. Raises transient DatabaseErrors."""
    return count_observation(count.table, _run(session, count_query(count, home=session.home, limit_rows=limit_rows)))


def count_observation(table: str, result: QueryResult) -> CountObservation:
    """The result of a `count_query`."""
    if not result.rows:
        return CountObservation(table=table, rows=None, exact=False, fault=result.fault)
    [(counted, estimated)] = result.rows
    exact = counted is not None
    return CountObservation(table=table, rows=counted if exact else estimated, exact=exact)


def _run(session: Session, query: Query) -> QueryResult:
    try:
        [rows] = session.fetch(query)
    except PermanentError as error:
        absent = error.sqlstate.startswith(ABSENT) and not isinstance(error, PrivilegeMissing)
        return QueryResult(absent=error.message) if absent else QueryResult(fault=str(error))
    return QueryResult(rows=tuple(rows))


def qualified(table: str, home: str) -> tuple[str, str]:
    """Schema and name of a table that the manifest names, in a tenant with this home schema."""
    schema, _, name = table.rpartition(".")
    return schema or home, name


def quoted(path: tuple[str, str]) -> str:
    """The same as a quoted name."""
    return sql.Identifier(*path).as_string()


def _name(*parts: str) -> sql.Identifier:
    """An identifier in a text with parameters, where a percent sign is doubled."""
    return sql.Identifier(*(part.replace("%", "%%") for part in parts))


BEGAN = "SELECT pg_catalog.set_config('pgfleet.watch_began_at', %(began_at)s, true)"


def read_activity(session: Session, watch: Watch, *, began_at: datetime) -> ActivityObservation:
    """The table's counters, and for a queue the overdue tasks and those taken since `began_at`.

    A permanent error becomes the observation's fault. Raises transient DatabaseErrors.
    """
    name = quoted(qualified(watch.table, session.home))
    counters = Query(statement("introspection/activity"), {"table": name})
    queries = [Query(each, at_home=True, tables=tables_of(each)) for each in (watch.overdue, watch.taken) if each]
    began = Query(BEGAN, {"began_at": began_at.isoformat()})
    try:
        _, found, *numbers = session.fetch(began, counters, *queries)
    except PermanentError as error:
        return ActivityObservation(watch=watch.name, fault=str(error))
    if not found:
        return ActivityObservation(watch=watch.name, fault=f"{watch.table} does not exist, or has no counters")
    [(updates, scans)] = found
    overdue, taken = ([rows[0][0] for rows in numbers] + [None, None])[:2]
    return ActivityObservation(watch=watch.name, overdue=overdue, taken=taken, updates=updates, scans=scans)
