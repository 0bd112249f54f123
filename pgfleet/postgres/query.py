"""A statement with bound values, and the rows that it returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from psycopg import ClientCursor, sql

from pgfleet.postgres.connection import Connection

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Query:
    """One statement; without parameters its text is sent unchanged, including percent signs.

    A query that is reused for several tenants is bound once, because every connection binds it alike. Names in it are
    the server's own; in a query of the manifest's, which is `at_home`, also those of the tenant's home schema.

    `tables` are the quoted names of the tenant's tables that it reads. It is not sent unless the server would run
    nothing of the tenant's own for it (`introspection/guard.sql`). A query that `is_only_planned` may name functions
    that planning does not call. One that `is_repeated` is prepared on a connection that is kept for a whole rollout.
    One that `is_proven` needs no guard: its tables are locked, and an earlier query of its message fails unless the
    catalog is as it was when the guard passed.
    One with a `script` has no text: it only makes sure of the same for the script, and returns no rows.

    A value that is a query itself stands for its text.
    """

    text: str
    parameters: Mapping[str, Any] | None = None
    at_home: bool = False
    tables: frozenset[str] = frozenset()
    is_only_planned: bool = False
    is_repeated: bool = False
    is_proven: bool = False
    script: str = ""

    @property
    def is_guarded(self) -> bool:
        """Whether something of the tenant's could be run for it."""
        return self.at_home or bool(self.tables or self.script)


_bound: WeakKeyDictionary[Query, str] = WeakKeyDictionary()


def bind(query: Query, connection: Connection) -> str:
    """The query's text with its values, as sent."""
    known = _bound.get(query)
    if known is None:
        values = {
            name: bind(value, connection) if isinstance(value, Query) else value
            for name, value in (query.parameters or {}).items()
        }
        known = _bound[query] = ClientCursor(connection).mogrify(query.text, values)
    return known


def with_names(template: str, *names: str) -> str:
    """A template of psycopg's with the quoted names in place of its `{}`."""
    return sql.SQL(template).format(*map(sql.Identifier, names)).as_string()


def all_results(cursor: ClientCursor[tuple[Any, ...]]) -> tuple[list[Rows], list[str | None]]:
    """The rows of every result that has columns, and the command tag of every statement, in order."""
    results: list[Rows] = []
    tags: list[str | None] = []
    more: bool | None = True
    while more:
        tags.append(cursor.statusmessage)
        if cursor.description:
            results.append(cursor.fetchall())
        more = cursor.nextset()
    return results, tags
