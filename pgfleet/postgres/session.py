"""One connection to one tenant, and the few ways in which it is used."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self

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
from pgfleet.fleet.secret import Dsn, redacted
from pgfleet.manifest.extensions import CREATED
from pgfleet.manifest.model import Script
from pgfleet.manifest.statements import split
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.connection import STANDARD_STRINGS, WRITING, Connection, Limits, connect, disconnect, limiting
from pgfleet.postgres.errors import translating
from pgfleet.postgres.query import Query, Rows, all_rows, bind
from pgfleet.run.connection_limiter import GiveBack
from pgfleet.run.shipped import statement

READING, PART = "pgfleet_reading", "pgfleet_part"
"""Names of savepoints."""

UNLOCKING = "SELECT pg_catalog.pg_advisory_unlock_all()"
TAKING_BACK = "; ".join(
    # Of a script, within its transaction, as a pooler hands the server's session on. RESET ALL goes back to what the
    # session began with; behind a pooler that is not what we began with.
    (
        "RESET SESSION AUTHORIZATION",
        "RESET ROLE",
        "RESET ALL",
        STANDARD_STRINGS,
        "SET client_encoding TO 'UTF8'",
        "DISCARD TEMPORARY",
        UNLOCKING,
    )
)


BACKEND = Query(statement("introspection/session"))
"""Which process of the server serves us, and whether the server is a standby."""


class Session:
    """A connection that is opened when first needed, and opened anew when it was lost.

    Values are bound on this side and statements sent by the simple protocol, so that any number of them take one round
    trip, and a pooler in transaction mode sees nothing prepared. `home`, the tenant's own schema, is the search path;
    `name` is the tenant's. Schemas of the `extensions` come after it, unless one of the `managed_names` is in them:
    then they are another tenant's.
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
    ) -> None:
        self.dsn = dsn
        self.name = name
        self.home = home
        self.limits = limits or Limits()
        self.secrets = libpq.secrets(dsn)
        self.extensions, self.managed_names = extensions, managed_names
        self.is_dry_run = False
        self._transactions = 0
        self._has_run_script = False
        self._connection: Connection | None = None
        self._give_back: GiveBack | None = None

    def __enter__(self) -> Self:
        """Opens nothing yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the connection, if there is one."""
        self.close()

    def close(self) -> None:
        """Ends the connection, and gives its permit back; the next use opens another."""
        connection, self._connection = self._connection, None
        give_back, self._give_back = self._give_back, None
        try:
            if connection is not None:
                disconnect(connection)
        finally:
            if give_back is not None:
                give_back()

    @property
    def server_version(self) -> str:
        """The server's version as it tells it, `16.4`; the connection is opened for it."""
        return (self._open().info.parameter_status("server_version") or "").split(" ")[0]

    @property
    def server_major(self) -> int:
        """The server's major version; the connection is opened for it."""
        return self._open().info.server_version // 10_000

    def pooler_before(self, pid: int) -> Pooler | None:
        """What stands before the server's process `pid`: what the fleet file says, or else what can be told.

        A server gives out the number of the process that serves us, a pooler a key of its own (PostgreSQL manual,
        54.2.8 Canceling Requests in Progress). How it lends sessions out cannot be told, so the worse is assumed.
        """
        is_direct = self._open().info.backend_pid == pid
        return self.dsn.pooler or (None if is_direct else Pooler.TRANSACTION)

    def require_own_session(self, what: str) -> None:
        """Raises BehindPooler unless the session is ours alone, for `what` needs that."""
        [[(pid, _)]] = self.fetch(BACKEND)
        if self.pooler_before(pid) is Pooler.TRANSACTION:
            raise BehindPooler(what)

    @property
    def database(self) -> str:
        """The database's name for people, `db1:5432/acme`, the same in all sessions with it; without any secret.

        Where a part of it is one, a few characters of a digest keep it apart. The connection is opened for it.
        """
        info = self._open().info
        name = f"{info.host or 'local'}:{info.port}/{info.dbname}"
        shown = redacted(name, self.secrets)
        return shown if shown == name else f"{shown} ({hashlib.sha256(name.encode()).hexdigest()[:6]})"

    @property
    def is_open(self) -> bool:
        """Whether there is a connection that was not found lost."""
        return self._connection is not None and not self._connection.closed

    def fetch(self, *queries: Query, undo: str = "") -> list[Rows]:
        """The rows of each query, all in one read-only transaction and one round trip, or read-only within ours.

        Raises a DatabaseError for the first that fails; the session, and a transaction of ours, can be used on. Before
        the transaction is left, `undo` takes back what rolling back does not (PREPARE); its own failure is no error.
        """
        if self._transactions:
            begin = f"SAVEPOINT {READING}; SET TRANSACTION READ ONLY"
            end = f"ROLLBACK TO SAVEPOINT {READING}; RELEASE SAVEPOINT {READING}"
        else:
            begin, end = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "COMMIT"
            begin += f"; SAVEPOINT {READING}" if undo else ""
        return self._batch(begin, queries, end, undo=undo)[-len(queries) :]

    def write(self, *queries: Query) -> None:
        """The queries in one transaction and one round trip, or as part of ours.

        Raises a DatabaseError; nothing is left then.
        """
        with self.transaction():
            self._batch("", queries, "")

    def fetch_value(self, query: Query) -> Any:
        """The one value that the query returns; what it does stays done, as part of our transaction or at once."""
        [[(value,)]] = self._batch("", (query,), "", plainly=True)
        return value

    def run_script(self, script: Script | str) -> None:
        """A migration's or seed's statements, one after another, in a transaction of its own or as part of ours.

        Settings, roles, temporary tables and locks that it leaves behind are taken back. Raises a DatabaseError with
        the place of the statement; nothing is left then.
        """
        with self.transaction():
            self._has_run_script = True
            for each in split(_text(script)):
                self._execute(each.text, script, each.start)
                if CREATED.search(each.text):
                    self._look_for_extensions()
            self._execute(TAKING_BACK)

    def run_outside_transaction(self, script: Script | str) -> None:
        """One statement that refuses to run in a transaction (CREATE DATABASE, CREATE INDEX CONCURRENTLY).

        Raises a DatabaseError, CannotDryRun within a dry run, and BehindPooler.
        """
        if self._transactions:
            raise CannotDryRun("it runs in no transaction, so it cannot be rolled back")
        self.require_own_session("it runs in no transaction")
        texts = [f"SET {name} TO '{value}'" for name, value in limiting(self.limits).items()]
        path = bind(self._search_path(), self._open())
        self._execute(f"SELECT pg_catalog.set_config('search_path', {path}, false); {'; '.join(texts)}")
        try:
            self._execute(_text(script), script)
        finally:
            if self.is_open:  # a pooler that lends sessions out whole hands this one on to others
                self._execute(f"RESET search_path; {'; '.join(f'RESET {name}' for name in limiting(self.limits))}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Within the block everything is part of one transaction, which is committed at its end.

        READ COMMITTED, so that what is looked at after a lock was waited for is what the lock's holder left. Within
        another block, a part of it that can be rolled back by itself. Raises a DatabaseError where it cannot be
        committed; where the block raises, it is rolled back.
        """
        depth = self._transactions
        self._begin(depth)
        try:
            yield
        except BaseException:
            self._transactions = depth
            self._roll_back(depth)
            raise
        else:
            self._commit(depth)
        finally:
            self._transactions = depth

    @contextmanager
    def dry_run(self) -> Iterator[None]:
        """Within the block everything is part of one transaction, which is rolled back at its end, whatever happens.

        What would be tried again elsewhere raises DryRunInterrupted: the locks of all that was rehearsed so far must
        not be held meanwhile, and after a lost connection there is nothing left to go on with.
        """
        self._begin(0)
        self.is_dry_run = True
        try:
            yield
        finally:
            self._transactions, self.is_dry_run = 0, False
            self._roll_back(0)

    def _begin(self, depth: int) -> None:
        self._has_run_script = self._has_run_script and depth > 0
        begin = f"SAVEPOINT {PART}_{depth}" if depth else "BEGIN ISOLATION LEVEL READ COMMITTED"
        self._batch(begin, (), "")
        self._transactions = depth + 1

    def _commit(self, depth: int) -> None:
        if depth:
            self._execute(f"RELEASE SAVEPOINT {PART}_{depth}")
            return
        try:
            status = self._execute("COMMIT")
        except BaseException:
            self._transactions = depth
            self._roll_back(depth)
            raise
        if status != "COMMIT":  # the server's answer to a COMMIT of a transaction in which something failed
            raise StatementFailed("the transaction was rolled back by the server, though no statement of it failed")

    def _roll_back(self, depth: int) -> None:
        connection = self._connection
        if connection is None or connection.closed:
            return
        with suppress(psycopg.Error):  # the connection is found lost here; the server has rolled back by itself
            if depth:
                connection.execute(f"ROLLBACK TO SAVEPOINT {PART}_{depth}; RELEASE SAVEPOINT {PART}_{depth}")
            else:
                # A lock of the session outlives the rollback; in one go, as a pooler may give us another session then.
                connection.execute(f"ROLLBACK; {UNLOCKING}" if self._has_run_script else "ROLLBACK")
                self._has_run_script = False

    def _execute(self, text: str, script: Script | str = "", start: int = 0) -> str | None:
        """Runs the text as it is, and returns the server's word for what was done last."""
        connection = self._open()
        with self._translating(script, start):
            return connection.execute(text).statusmessage

    def _batch(
        self, begin: str, queries: tuple[Query, ...], end: str, *, plainly: bool = False, undo: str = ""
    ) -> list[Rows]:
        connection = self._open()
        with self._translating():
            settings = () if plainly else (self._settings(),)
            try:
                cursor = ClientCursor(connection)
                texts = self._texts((*settings, *queries))
                cursor.execute(";\n".join(filter(None, [begin, *(f"{text}\n" for text in texts), end])))
                return all_rows(cursor)[len(settings) :]
            except BaseException:
                self._leave_batch(connection, is_part=READING in begin, undo=undo)
                raise

    def _leave_batch(self, connection: Connection, *, is_part: bool, undo: str) -> None:
        """After a batch that failed: back to where it began, unless the block of the transaction will see to that."""
        if connection.closed or connection.info.transaction_status == TransactionStatus.IDLE:
            return
        if undo:  # in the transaction that is still open: after it a pooler gives us another session of the server
            with suppress(psycopg.Error):
                connection.execute(f"ROLLBACK TO SAVEPOINT {READING}; {undo}")
        if is_part and self._transactions:
            connection.execute(f"ROLLBACK TO SAVEPOINT {READING}; RELEASE SAVEPOINT {READING}")
        elif not self._transactions:
            connection.execute("ROLLBACK")

    @contextmanager
    def _translating(self, script: Script | str = "", start: int = 0) -> Iterator[None]:
        try:
            with translating(self.secrets, script=script if isinstance(script, Script) else None, start=start):
                yield
        except DatabaseError as error:
            if error.transient and self.is_dry_run:
                raise DryRunInterrupted(str(error)) from error
            raise

    def _settings(self) -> Query:
        """What holds for one transaction: the limits, the search path, and how the server writes values and names."""
        settings = {**WRITING, **limiting(self.limits)}
        path = self._search_path()
        calls = [f"pg_catalog.set_config('{name}', %({name})s, true)" for name in settings]
        calls.append(f"pg_catalog.set_config('search_path', {path.text}, true)")
        return Query(f"SELECT {', '.join(calls)}", {**settings, **(path.parameters or {})})

    def _look_for_extensions(self) -> None:
        """One that has just been made may lie in a schema that is not on the search path yet."""
        path = bind(self._search_path(), self._open())
        self._execute(f"SELECT pg_catalog.set_config('search_path', {path}, true)")

    def _search_path(self) -> Query:
        """An expression for it: the server is asked where the extensions are, if there are any to be asked for."""
        if not self.extensions:
            return Query("%(home)s", {"home": psycopg.sql.Identifier(self.home).as_string(self._open())})
        parameters = {"extensions": [*self.extensions], "managed_names": [*self.managed_names]}
        return Query(f"({statement('introspection/search_path')})", {"home": self.home, **parameters})

    def _texts(self, queries: tuple[Query, ...]) -> list[str]:
        """The queries with their values bound."""
        connection = self._open()
        return [each.text if each.parameters is None else bind(each, connection) for each in queries]

    def _open(self) -> Connection:
        if self._connection is None or self._connection.closed:
            if self._transactions:
                # A new connection would be outside of the transaction that the caller believes to be in.
                lost = DryRunInterrupted if self.is_dry_run else ConnectionLost
                raise lost("the connection was lost within the transaction")
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> Connection:
        """A new connection, by a permit of the server's; after a lost one, by the same."""
        try:
            if self._give_back is None and self.limits.limiter is not None:
                self._give_back = self.limits.limiter.take(libpq.server(self.dsn))
            connection = connect(self.dsn, self.limits)
        except BaseException:
            self.close()
            raise
        # A password file or a service file had it, and not the connection string.
        self.secrets = tuple({*self.secrets, connection.info.password} - {""})
        return connection


def _text(script: Script | str) -> str:
    return script if isinstance(script, str) else script.sql
