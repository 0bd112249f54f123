"""One connection to one tenant, and the few ways in which it is used."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import ClientCursor
from psycopg.pq import TransactionStatus

from pgfleet.fleet.secret import Dsn
from pgfleet.pg import dsn as libpq
from pgfleet.pg.errors import translating

Rows = list[tuple[Any, ...]]


WRITING = {
    # A database or a role may have its own defaults, and catalogs are compared as the server writes them.
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
    "quote_all_identifiers": "off",
    "bytea_output": "hex",
    "jit": "off",  # compiling a catalog query takes longer than running it
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long the server may take, and who it is told is asking."""

    application_name: str = "pgfleet"
    connect_timeout_seconds: int = 10
    statement_timeout_ms: int = 60_000
    lock_timeout_ms: int = 2_000


@dataclass(frozen=True, slots=True)
class Query:
    """One statement; without parameters its text is sent as it is, percent signs and all."""

    text: str
    parameters: Mapping[str, Any] | None = None


class Session:
    """A connection that is opened when first needed, and opened anew when it was lost.

    Values are bound on this side and statements sent by the simple protocol, so that any number of them take one round
    trip, and a pooler in transaction mode sees nothing prepared. `home`, the tenant's own schema, is the search path;
    `name` is the tenant's.
    """

    def __init__(self, dsn: Dsn, *, name: str = "", home: str = "public", limits: Limits | None = None) -> None:
        self.dsn = dsn
        self.name = name
        self.home = home
        self.limits = limits or Limits()
        self.secrets = libpq.secrets(dsn)
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def __enter__(self) -> Self:
        """Opens nothing yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the connection, if there is one."""
        self.close()

    def close(self) -> None:
        """Ends the connection; the next use opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def server_version(self) -> str:
        """The server's version as it tells it, `16.4`; the connection is opened for it."""
        return (self._open().info.parameter_status("server_version") or "").split(" ")[0]

    @property
    def server_major(self) -> int:
        """The server's major version; the connection is opened for it."""
        return self._open().info.server_version // 10_000

    def read(self, *queries: Query) -> list[Rows]:
        """The rows of each query, all in one read-only transaction and one round trip.

        Raises a DatabaseError for the first that fails; the session can be used on.
        """
        results = self._batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", queries, "COMMIT")
        return results[-len(queries) :]

    def run_script(self, sql: str) -> None:
        """A migration's or seed's text in a transaction of its own. Raises a DatabaseError; nothing is left then."""
        self.write(Query(sql))

    def write(self, *queries: Query) -> None:
        """The queries in one transaction and one round trip. Raises a DatabaseError; nothing is left then."""
        self._batch("BEGIN", queries, "COMMIT")

    def run_alone(self, sql: str) -> None:
        """One statement that refuses to run in a transaction (CREATE DATABASE, CREATE INDEX CONCURRENTLY)."""
        connection = self._open()
        with translating(self.secrets):
            connection.execute(f"SET search_path TO {self._quoted_home(connection)}")
            try:
                connection.execute(sql)
            finally:
                if not connection.closed:
                    connection.execute("RESET search_path")  # a pooler hands the server's session on to others

    def _batch(self, begin: str, queries: tuple[Query, ...], end: str) -> list[Rows]:
        connection = self._open()
        with translating(self.secrets):
            try:
                cursor = ClientCursor(connection)
                texts = [self._mogrify(cursor, query) for query in (self._settings(), *queries)]
                cursor.execute(";\n".join([begin, *(f"{text}\n" for text in texts), end]))
                return _all_rows(cursor)
            finally:
                _leave_transaction(connection)

    def _settings(self) -> Query:
        """What holds for one transaction: the limits, the search path, and how the server writes values and names."""
        settings = {
            **WRITING,
            "search_path": self._quoted_home(self._open()),
            "statement_timeout": f"{self.limits.statement_timeout_ms}ms",
            "lock_timeout": f"{self.limits.lock_timeout_ms}ms",
        }
        calls = (f"pg_catalog.set_config('{name}', %({name})s, true)" for name in settings)
        return Query(f"SELECT {', '.join(calls)}", settings)

    def _quoted_home(self, connection: psycopg.Connection[tuple[Any, ...]]) -> str:
        return psycopg.sql.Identifier(self.home).as_string(connection)

    @staticmethod
    def _mogrify(cursor: ClientCursor[tuple[Any, ...]], query: Query) -> str:
        return query.text if query.parameters is None else cursor.mogrify(query.text, query.parameters)

    def _open(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection is None or self._connection.closed:
            with translating(self.secrets, connecting=True):
                self._connection = connection = psycopg.connect(
                    self.dsn.text,
                    autocommit=True,
                    prepare_threshold=None,
                    connect_timeout=self.limits.connect_timeout_seconds,
                    application_name=self.limits.application_name,
                    client_encoding="UTF8",
                )
                if connection.info.parameter_status("standard_conforming_strings") == "off":
                    connection.execute("SET standard_conforming_strings TO on")
        return self._connection


def _all_rows(cursor: ClientCursor[tuple[Any, ...]]) -> list[Rows]:
    """The rows of every result that has any columns, in order."""
    results = []
    more: bool | None = True
    while more:
        if cursor.description is not None:
            results.append(cursor.fetchall())
        more = cursor.nextset()
    return results


def _leave_transaction(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    if not connection.closed and connection.info.transaction_status != TransactionStatus.IDLE:
        connection.execute("ROLLBACK")
