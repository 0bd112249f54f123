"""Connections that stay open from one statement of a test to the next.

A new backend has an empty cache of the catalog, and filling it is most of what a short statement costs, and three
quarters of an audit.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg

from pgfleet.errors import DatabaseError
from pgfleet.postgres.connection import Connection
from pgfleet.postgres.query import Query, Rows
from pgfleet.postgres.session import Session


class KeptSession(Session):
    """A session that its users cannot close."""

    def close(self) -> None:
        """Does nothing: `end` ends it."""

    def end(self) -> None:
        """Closes the connection."""
        super().close()


@dataclass(frozen=True, slots=True)
class KeptConnections:
    """One plain connection a database, and the sessions that audits are given."""

    connect: Callable[[str], Connection]
    _connections: dict[str, Connection] = field(default_factory=dict)
    _sessions: dict[tuple[Any, ...], KeptSession] = field(default_factory=dict)

    def execute(self, sql: str, database: str) -> Rows:
        """The rows of the last statement; the connection is then as a new one would be."""
        connection = self._connections.get(database)
        if connection is None or connection.closed or not _is_alive(connection):
            connection = self._connections[database] = self.connect(database)
        try:
            cursor = connection.execute(sql)
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []
        finally:
            if not connection.closed:
                connection.rollback()
                connection.execute("DISCARD ALL")

    def session(self, database: str, like: Session) -> KeptSession:
        """One like that, open until the database is dropped."""
        # A test that ends pgfleet's sessions means others, and one that bounds them too.
        limits = replace(like.limits, application_name="test", limiter=None)
        names = {"extensions": tuple(like.extensions), "managed_names": tuple(sorted(like.managed_names))}
        key = (database, like.dsn.text, like.home, limits, *names.values())
        if key not in self._sessions:
            self._sessions[key] = KeptSession(like.dsn, name=database, home=like.home, limits=limits, **names)
        session = self._sessions[key]
        if session.is_open:
            with suppress(DatabaseError):  # the session now knows that it was ended
                session.fetch_value(Query("SELECT 1"))
        return session

    def close(self, database: str) -> None:
        """Ends those to that database, which could not be cloned otherwise."""
        if connection := self._connections.pop(database, None):
            connection.close()
        for key in [each for each in self._sessions if each[0] == database]:
            self._sessions.pop(key).end()

    def close_all(self) -> None:
        """Ends all of them."""
        for database in {*self._connections, *(name for name, *_ in self._sessions)}:
            self.close(database)


def _is_alive(connection: Connection) -> bool:
    """Whether neither the server nor a test has ended it."""
    with suppress(psycopg.OperationalError):
        connection.execute("")
        return True
    return False
