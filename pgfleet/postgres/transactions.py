"""A connection to one tenant with transactions: within one another, and as dry runs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import psycopg
from psycopg import ClientCursor
from psycopg.pq import TransactionStatus

from pgfleet.errors import CannotDryRun, ConnectionLost, DatabaseError, StatementFailed, TransactionInterrupted
from pgfleet.fleet.secret import Dsn
from pgfleet.manifest.model import Script
from pgfleet.postgres import session_settings
from pgfleet.postgres.connection import Connection, Limits
from pgfleet.postgres.errors import translate_errors
from pgfleet.postgres.guard import Trust, guard
from pgfleet.postgres.lazy_connection import LazyConnection
from pgfleet.postgres.prepared import PreparedQueries
from pgfleet.postgres.query import Query, Rows, all_results, bind

USE_SERVER_PATH, USE_HOME_PATH = Query(session_settings.USE_SERVER_PATH), Query(session_settings.USE_HOME_PATH)
READ_SAVEPOINT, BLOCK_SAVEPOINT = "pgfleet_reading", "pgfleet_part"
UNSAFE_NEW_VALUE = "55P04"
"""SQLSTATE of a statement that uses an enum value which its own transaction added (PostgreSQL manual, ALTER TYPE)."""


class Transactions(LazyConnection):
    """A lazy connection with transactions.

    Values are bound on the client and statements sent by the simple protocol. So any number of statements takes one
    round trip, and a pooler in transaction mode sees nothing prepared. `home`, the tenant's schema, is the search path,
    followed by the schemas of the `extensions`, except for schemas of other tenants (`search_path`). `trust` names the
    objects that were found to be as expected. `has_run_script` means that the tenant may have changed since the session
    began. `ledger_owners` are roles, besides the session's own and superusers,
    whose ledger is used.
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
        ledger_owners: Sequence[str] = (),
    ) -> None:
        super().__init__(dsn, limits)
        self.name, self.home = name, home
        self.home_may_be_missing = home_may_be_missing
        self.ledger_owners = ledger_owners
        self.extensions, self.managed_names = extensions, managed_names
        self.trust = Trust()
        self.is_dry_run = self.is_one_transaction = self.has_run_script = False
        self._depth = 0
        self._has_run_script = False
        self._at_commit: list[Query] = []
        self._tags: list[str | None] = []
        self._bound_settings: Query | None = None
        self._locked: Connection | None = None
        self._prepared = PreparedQueries()

    def open(self) -> Connection:
        """The connection, opened if necessary. Raises a DatabaseError, also if it was lost within a transaction."""
        if self._depth and not self.is_open:
            # A new connection would be outside the transaction that the caller believes to be in.
            lost = TransactionInterrupted if self._is_part else ConnectionLost
            raise lost("the connection was lost within the transaction")
        return super().open()

    def execute(self, text: str, script: Script | str = "", start: int = 0) -> str | None:
        """Runs the text unchanged and returns the command tag of its last statement."""
        connection = self.open()
        connection.answer_seconds = self.script_answer_seconds
        with self._translating(script, start):
            return connection.execute(text).statusmessage

    @contextmanager
    def transaction(self, *first: Query, reads: Sequence[Query] = ()) -> Iterator[list[Rows]]:
        """Runs the block in one transaction; within another block, in a part of it with a savepoint.

        Sends `first`, and then `reads` in a read-only part, in the same round trip, and yields the rows of each. READ
        COMMITTED, so that a query after waiting for a lock sees what the lock's holder left. Rolls back if the block
        raises. Raises a DatabaseError if one of the queries or the commit fails.
        """
        depth = self._depth
        rows = self._begin(depth, first, reads)
        try:
            yield rows
        except BaseException:
            self._depth = depth
            self._at_commit.clear()
            self._roll_back(depth)
            raise
        else:
            self._commit(depth)
        finally:
            self._depth = depth

    def write_at_commit(self, *queries: Query) -> None:
        """Sends the queries in the same round trip as the commit of the transaction block under way.

        Without one, they are a transaction of their own.
        """
        if self._depth:
            self._at_commit += queries
            return
        with self.transaction():
            self._at_commit += queries

    @property
    def is_in_transaction(self) -> bool:
        """Whether a transaction block is under way."""
        return self._depth > 0

    @property
    def keeps_tenant_lock(self) -> bool:
        """Whether this connection holds the tenant's lock until it closes, over all transactions."""
        return self.is_open and self._locked is self._connection

    @property
    def _is_part(self) -> bool:
        """Whether every transaction is a part of a larger one."""
        return self.is_dry_run or self.is_one_transaction

    @contextmanager
    def one_transaction(self) -> Iterator[None]:
        """Runs the block in one transaction, of which its own transactions are parts. Rolls back if the block raises.

        A transient error becomes TransactionInterrupted: the block cannot retry it, because the transaction would hold
        its locks meanwhile, and after a lost connection everything before is undone. Raises it too if the commit is
        not known to have succeeded.
        """
        self.is_one_transaction = True
        try:
            with self.transaction():
                yield
        finally:
            self.is_one_transaction = False

    @contextmanager
    def dry_run(self, *, is_exact: bool = False) -> Iterator[None]:
        """The same, but always rolled back at its end. `is_exact`: what it stands for is one transaction, too."""
        self._begin(0)
        self.is_dry_run, self.is_one_transaction = True, is_exact
        try:
            yield
        finally:
            self._depth, self.is_dry_run, self.is_one_transaction = 0, False, False
            self._roll_back(0)

    def _begin(self, depth: int, first: Sequence[Query] = (), reads: Sequence[Query] = ()) -> list[Rows]:
        self._has_run_script = self._has_run_script and depth > 0
        begin = f"SAVEPOINT {BLOCK_SAVEPOINT}_{depth}" if depth else "BEGIN ISOLATION LEVEL READ COMMITTED"
        try:
            rows = self._batch(begin, first, "", reads=reads)
        except BaseException:
            if depth:  # without one, the batch has ended its transaction
                self._roll_back(depth)
            raise
        self._depth = depth + 1
        return rows

    def _commit(self, depth: int) -> None:
        end = f"RELEASE SAVEPOINT {BLOCK_SAVEPOINT}_{depth}" if depth else self._commit_text()
        try:
            writes, self._at_commit = self._at_commit, []
            self._batch("", writes, end, with_settings=bool(writes))
            is_committed = "COMMIT" in self._tags
        except BaseException:
            self._depth = depth
            self._roll_back(depth)
            raise
        if not (depth or is_committed):  # the server's answer to the COMMIT of a failed transaction is ROLLBACK
            raise StatementFailed("the transaction was rolled back by the server, though no statement of it failed")

    def _commit_text(self) -> str:
        """The commit; after scripts with resets, because triggers that are deferred to it could leave settings, too."""
        return "; ".join(["COMMIT", *session_settings.RESETS]) if self._has_run_script else "COMMIT"

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
                self._locked = None if self._has_run_script else self._locked
                self._has_run_script = False

    def _batch(
        self,
        begin: str,
        queries: Sequence[Query],
        end: str,
        *,
        reads: Sequence[Query] = (),
        with_settings: bool = True,
        undo: str = "",
    ) -> list[Rows]:
        """Sends everything in one round trip and returns the rows of each query; the `reads` in a read-only part."""
        connection = self.open()
        connection.answer_seconds = self.query_answer_seconds
        with self._translating():
            sent = self._with_settings(queries, reads) if with_settings else queries
            try:
                cursor = ClientCursor(connection)
                texts = [each.text if each.parameters is None else bind(each, connection) for each in sent]
                message = ";\n".join(filter(None, [begin, *(f"{text}\n" for text in texts), end]))
                cursor.execute(message)
                rows, self._tags = all_results(cursor)
                self._prepared.sent(message)
            except BaseException:
                self._abort_batch(connection, is_read=bool(reads), undo=undo)
                raise
        return rows

    def _with_settings(self, queries: Sequence[Query], reads: Sequence[Query]) -> Iterator[Query]:
        """The queries, each with its search path; in the end that of scripts. First the settings of a new transaction.

        They hold until it ends: they are applied again after scripts and writes, whose triggers can change them.
        """
        if not self._depth:
            yield from self._settings()
        yield from self._guarded(queries)
        if self._depth and queries:
            yield from self._settings()
        if reads:
            yield Query(f"SAVEPOINT {READ_SAVEPOINT}; SET TRANSACTION READ ONLY")
            yield from self._guarded(reads)
            yield Query(f"ROLLBACK TO SAVEPOINT {READ_SAVEPOINT}; RELEASE SAVEPOINT {READ_SAVEPOINT}")
        yield USE_HOME_PATH

    def _guarded(self, queries: Sequence[Query]) -> Iterator[Query]:
        """The queries, each with its search path, after a guard if they need one; in the end with the server's path.

        The server resolves the names of a statement when it is that statement's turn.
        """
        if guarding := guard(self.trust, queries):
            yield guarding
        is_at_home = False
        for each in queries:
            if not each.text:
                continue
            # Also after one of our own: a catalog's query switches to the scripts' search path.
            if not (is_at_home and each.at_home):
                yield USE_HOME_PATH if each.at_home else USE_SERVER_PATH
            is_at_home = each.at_home
            if each.is_repeated and self.keeps_tenant_lock:
                yield from self._prepared.use(each, self.open())
            else:
                yield each

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
            with suppress(psycopg.Error):  # the savepoint itself failed, and our block will roll back
                connection.execute(f"ROLLBACK TO SAVEPOINT {READ_SAVEPOINT}; RELEASE SAVEPOINT {READ_SAVEPOINT}")
        elif not self._depth:
            connection.execute("ROLLBACK")

    @contextmanager
    def _translating(self, script: Script | str = "", start: int = 0) -> Iterator[None]:
        try:
            file = script if isinstance(script, Script) else None
            with translate_errors(self.secrets, server=self.server, script=file, start=start):
                yield
        except DatabaseError as error:
            self.record_silence(error)
            if error.transient and self._is_part:
                raise TransactionInterrupted(str(error)) from error
            if error.sqlstate == UNSAFE_NEW_VALUE and self.is_dry_run and not self.is_one_transaction:
                raise CannotDryRun(
                    f"{error}: a dry run is one transaction, and the value was added in the same one"
                ) from error
            raise
        except Exception:
            raise
        except BaseException:  # a signal interrupted the statement, and the connection still waits for its answer
            self.close()
            raise

    def _settings(self) -> tuple[Query, Query]:
        """The server's search path, and the transaction's settings."""
        if self._bound_settings is None:
            query = session_settings.transaction_settings(self.limits, self._search_path())
            self._bound_settings = Query(bind(query, self.open()))
        return USE_SERVER_PATH, self._bound_settings

    def _search_path(self) -> Query:
        return session_settings.search_path(self.home, self.extensions, self.managed_names, self.open())
