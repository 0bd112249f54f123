"""Runs queries, scripts, and transactions on one connection to one tenant."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import ClientCursor
from psycopg.pq import TransactionStatus

from pgfleet.errors import (
    BehindPooler,
    CannotDryRun,
    ConnectionLost,
    DatabaseError,
    DryRunInterrupted,
    StatementFailed,
)
from pgfleet.fleet.pooler import Pooler
from pgfleet.fleet.secret import Dsn
from pgfleet.manifest.extensions import CREATED
from pgfleet.manifest.model import Script
from pgfleet.manifest.statements import split
from pgfleet.postgres import session_settings
from pgfleet.postgres.connection import Connection, Limits
from pgfleet.postgres.errors import translate_errors
from pgfleet.postgres.lazy_connection import LazyConnection
from pgfleet.postgres.query import Query, Rows, all_rows, bind
from pgfleet.run.shipped import statement

READ_SAVEPOINT, BLOCK_SAVEPOINT = "pgfleet_reading", "pgfleet_part"
UNSAFE_NEW_VALUE = "55P04"
"""SQLSTATE of a statement that uses an enum value which its own transaction added (PostgreSQL manual, ALTER TYPE)."""

BACKEND = Query(statement("introspection/session"))
"""The server process of this session, and whether the server is a standby."""


class Session(LazyConnection):
    """A lazy connection with transactions.

    Values are bound on the client and statements sent by the simple protocol. So any number of statements takes one
    round trip, and a pooler in transaction mode sees nothing prepared. `home`, the tenant's schema, is the search path,
    followed by the schemas of the `extensions`, except for schemas of other tenants (`search_path`).
    """

    def __init__(
        self,
        dsn: Dsn,
        *,
        name: str = "",
        home: str = "public",
        limits: Limits | None = None,
        extensions: Sequence[str] = (),
        managed_names: Sequence[str] = (),
        home_may_be_missing: bool = False,
    ) -> None:
        super().__init__(dsn, limits)
        self.name, self.home = name, home
        self.home_may_be_missing = home_may_be_missing
        self.extensions, self.managed_names = extensions, managed_names
        self.is_dry_run = False
        self._depth = 0
        self._has_run_script = False

    def open(self) -> Connection:
        """The connection, opened if necessary. Raises a DatabaseError, also if it was lost within a transaction."""
        if self._depth and not self.is_open:
            # A new connection would be outside the transaction that the caller believes to be in.
            lost = DryRunInterrupted if self.is_dry_run else ConnectionLost
            raise lost("the connection was lost within the transaction")
        return super().open()

    def require_own_session(self, reason: str) -> None:
        """Raises BehindPooler, with the reason, if a pooler may give us another session of the server each time."""
        [[(pid, _)]] = self.fetch(BACKEND)
        if self.pooler_before(pid) is Pooler.TRANSACTION:
            raise BehindPooler(reason)

    def fetch(self, *queries: Query, undo: str = "") -> list[Rows]:
        """The rows of each query, in one round trip and one read-only transaction, or a read-only part of ours.

        Raises a DatabaseError for the first query that fails; the session, and our transaction, remain usable. After a
        failure the statement `undo` reverts what a rollback does not (PREPARE); its own failure is ignored.
        """
        if self._depth:
            begin = f"SAVEPOINT {READ_SAVEPOINT}; SET TRANSACTION READ ONLY"
            end = f"ROLLBACK TO SAVEPOINT {READ_SAVEPOINT}; RELEASE SAVEPOINT {READ_SAVEPOINT}"
        else:
            begin, end = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "COMMIT"
            begin += f"; SAVEPOINT {READ_SAVEPOINT}" if undo else ""
        return self._batch(begin, queries, end, undo=undo)[-len(queries) :]

    def write(self, *queries: Query) -> None:
        """Runs the queries in one transaction, or as part of ours; all or nothing. Raises a DatabaseError."""
        with self.transaction():
            self._batch("", queries, "")

    def fetch_value(self, query: Query) -> Any:
        """The single value that the query returns; its effects are part of our transaction, or committed at once."""
        [[(value,)]] = self._batch("", (query,), "", with_settings=False)
        return value

    def execute(self, text: str, script: Script | str = "", start: int = 0) -> str | None:
        """Runs the text unchanged and returns the command tag of its last statement."""
        connection = self.open()
        with self._translating(script, start):
            return connection.execute(text).statusmessage

    def run_script(self, script: Script | str) -> None:
        """Runs a script's statements one by one in a transaction of its own, or as part of ours; all or nothing.

        Checks deferred constraints at the end, as a commit would. Resets the settings, roles, temporary tables, and
        locks that the script leaves. Raises a DatabaseError with the statement's place, and CannotDryRun for a
        statement that works only in a transaction of its own.
        """
        with self.transaction():
            self._has_run_script = True
            for each in split(_text(script)):
                self.execute(each.text, script, each.start)
                if CREATED.search(each.text):  # the extension's schema may not be on the search path yet
                    self.execute(session_settings.set_search_path(self._search_path(), self.open(), is_local=True))
            self.execute(f"SET CONSTRAINTS ALL IMMEDIATE; {session_settings.RESET_SCRIPT}")
            if self.is_dry_run:
                self._defer_constraints()

    def run_outside_transaction(self, script: Script | str) -> None:
        """Runs a script's statements one by one, each in no transaction of ours (CREATE INDEX CONCURRENTLY).

        Raises as `outside_transaction` does, and a DatabaseError with the statement's place.
        """
        with self.outside_transaction():
            for each in split(_text(script)):
                self.execute(each.text, script, each.start)

    @contextmanager
    def outside_transaction(self) -> Iterator[None]:
        """Applies the limits and the search path to the session, for statements that cannot run in a transaction.

        Resets the settings, roles, and temporary tables that they leave. Raises a DatabaseError, CannotDryRun within a
        dry run, and BehindPooler.
        """
        if self._depth:
            raise CannotDryRun("it runs outside a transaction, so it cannot be rolled back")
        self.require_own_session("it runs outside a transaction")
        path = session_settings.set_search_path(self._search_path(), self.open(), is_local=False)
        self.execute(f"{path}; {session_settings.set_limits(self.limits)}")
        try:
            yield
        finally:
            if self.is_open:  # a pooler in session mode will give this session to other clients
                self.execute(session_settings.RESET_SESSION)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Runs the block in one transaction; within another block, in a part of it with a savepoint.

        READ COMMITTED, so that a query after waiting for a lock sees what the lock's holder left. Rolls back if the
        block raises. Raises a DatabaseError if the commit fails.
        """
        depth = self._depth
        self._begin(depth)
        try:
            yield
        except BaseException:
            self._depth = depth
            self._roll_back(depth)
            raise
        else:
            self._commit(depth)
        finally:
            self._depth = depth

    @contextmanager
    def dry_run(self) -> Iterator[None]:
        """Runs the block in one transaction that is always rolled back at its end.

        A transient error becomes DryRunInterrupted: the block cannot retry it, because the transaction would hold its
        locks meanwhile, and after a lost connection everything before is undone.
        """
        self._begin(0)
        self.is_dry_run = True
        try:
            yield
        finally:
            self._depth, self.is_dry_run = 0, False
            self._roll_back(0)

    def _defer_constraints(self) -> None:
        """Defers the constraints again that are initially deferred, as the next script's own transaction would."""
        [[(names,)]] = self.fetch(Query(statement("introspection/deferred_constraints"), {}))
        if names:
            self.execute(f"SET CONSTRAINTS {names} DEFERRED")

    def _begin(self, depth: int) -> None:
        self._has_run_script = self._has_run_script and depth > 0
        begin = f"SAVEPOINT {BLOCK_SAVEPOINT}_{depth}" if depth else "BEGIN ISOLATION LEVEL READ COMMITTED"
        self._batch(begin, (), "")
        self._depth = depth + 1

    def _commit(self, depth: int) -> None:
        if depth:
            self.execute(f"RELEASE SAVEPOINT {BLOCK_SAVEPOINT}_{depth}")
            return
        try:
            status = self.execute("COMMIT")
        except BaseException:
            self._depth = depth
            self._roll_back(depth)
            raise
        if status != "COMMIT":  # the server's answer to the COMMIT of a failed transaction is ROLLBACK
            raise StatementFailed("the transaction was rolled back by the server, though no statement of it failed")

    def _roll_back(self, depth: int) -> None:
        connection = self._connection
        if connection is None or connection.closed:
            return
        with suppress(psycopg.Error):  # the connection turns out to be lost, and the server has rolled back
            if depth:
                name = f"{BLOCK_SAVEPOINT}_{depth}"
                connection.execute(f"ROLLBACK TO SAVEPOINT {name}; RELEASE SAVEPOINT {name}")
            else:
                # A session lock outlives the rollback. One round trip, as a pooler may give us another session then.
                connection.execute(f"ROLLBACK; {session_settings.UNLOCK_ALL}" if self._has_run_script else "ROLLBACK")
                self._has_run_script = False

    def _batch(
        self, begin: str, queries: tuple[Query, ...], end: str, *, with_settings: bool = True, undo: str = ""
    ) -> list[Rows]:
        """Sends everything in one round trip and returns the rows of each query."""
        connection = self.open()
        with self._translating():
            settings = (
                [session_settings.transaction_settings(self.limits, self._search_path())] if with_settings else []
            )
            try:
                cursor = ClientCursor(connection)
                sent = (*settings, *queries)
                texts = [each.text if each.parameters is None else bind(each, connection) for each in sent]
                cursor.execute(";\n".join(filter(None, [begin, *(f"{text}\n" for text in texts), end])))
                return all_rows(cursor)[len(settings) :]
            except BaseException:
                self._abort_batch(connection, is_read=READ_SAVEPOINT in begin, undo=undo)
                raise

    def _abort_batch(self, connection: Connection, *, is_read: bool, undo: str) -> None:
        """Returns to the state before a failed batch, unless the transaction's block will roll back."""
        if connection.closed or connection.info.transaction_status in {
            TransactionStatus.IDLE,
            TransactionStatus.ACTIVE,
        }:
            return
        if undo:  # within the open transaction: after it, a pooler gives us another session of the server
            with suppress(psycopg.Error):
                connection.execute(f"ROLLBACK TO SAVEPOINT {READ_SAVEPOINT}; {undo}")
        if is_read and self._depth:
            connection.execute(f"ROLLBACK TO SAVEPOINT {READ_SAVEPOINT}; RELEASE SAVEPOINT {READ_SAVEPOINT}")
        elif not self._depth:
            connection.execute("ROLLBACK")

    @contextmanager
    def _translating(self, script: Script | str = "", start: int = 0) -> Iterator[None]:
        try:
            with translate_errors(self.secrets, script=script if isinstance(script, Script) else None, start=start):
                yield
        except DatabaseError as error:
            if error.transient and self.is_dry_run:
                raise DryRunInterrupted(str(error)) from error
            if error.sqlstate == UNSAFE_NEW_VALUE and self.is_dry_run:
                raise CannotDryRun(
                    f"{error}: a dry run is one transaction, and the value was added in the same one"
                ) from error
            raise
        except Exception:
            raise
        except BaseException:  # a signal interrupted the statement, and the connection still waits for its answer
            self.close()
            raise

    def _search_path(self) -> Query:
        return session_settings.search_path(self.home, self.extensions, self.managed_names, self.open())


def _text(script: Script | str) -> str:
    return script if isinstance(script, str) else script.sql
