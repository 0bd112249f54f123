"""Queries that are prepared on one connection, so that the server plans them once."""

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from pgfleet.postgres.connection import Connection
from pgfleet.postgres.query import Query, bind

NO_SUCH_STATEMENT = "26000"
"""SQLSTATE of executing a prepared statement that does not exist, or is not the one that was prepared."""
CHECK = """DO $pgfleet$ BEGIN
IF NOT EXISTS (
  SELECT FROM pg_catalog.pg_prepared_statement() AS p
  WHERE p.name = '{name}'
    AND pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(p.statement, 'UTF8')), 'hex') = '{digest}'
) THEN RAISE EXCEPTION USING ERRCODE = 'invalid_sql_statement_name', MESSAGE = 'a prepared statement was replaced';
END IF; END $pgfleet$"""


@dataclass(slots=True, kw_only=True)
class _Statement:
    """A statement that was sent to be prepared; `digest` is SHA-256 of the message with it, once that has run."""

    name: str
    digest: str = ""


class PreparedQueries:
    """The queries that one connection has prepared.

    Code of the tenant's that a script runs, such as a trigger, could replace a prepared statement, and so forge what is
    read. So each execution is preceded by a check that the statement is still the one that was sent.
    """

    def __init__(self) -> None:
        self._connection: Connection | None = None
        self._statements: dict[Query, _Statement] = {}

    def use(self, query: Query, connection: Connection) -> Iterator[Query]:
        """The statements to send in place of the query; only the last one returns rows."""
        if connection is not self._connection:
            self._connection, self._statements = connection, {}
        known = self._statements.get(query)
        if known and known.digest:
            yield Query(CHECK.format(name=known.name, digest=known.digest))
        else:
            known = self._statements[query] = _Statement(name=f"pgfleet_{secrets.token_hex(6)}")
            yield Query(f"PREPARE {known.name} AS {bind(query, connection)}")
        yield Query(f"EXECUTE {known.name}")

    def sent(self, message: str) -> None:
        """Notes that the server has run the message, with what it prepares."""
        for each in self._statements.values():
            if not each.digest and f"PREPARE {each.name} AS" in message:
                each.digest = hashlib.sha256(message.encode()).hexdigest()

    def forget(self) -> bool:
        """Prepares everything anew from now on; returns whether anything was prepared."""
        had, self._statements = bool(self._statements), {}
        return had
