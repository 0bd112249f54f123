"""Runs queries and scripts on one connection to one tenant, within or outside transactions."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from pgfleet.errors import BehindPooler, CannotDryRun, DatabaseError, TryAgain
from pgfleet.fleet.pooler import Pooler
from pgfleet.manifest.extensions import CREATED
from pgfleet.manifest.model import Script
from pgfleet.parser.statements import Statement, split
from pgfleet.postgres import session_settings
from pgfleet.postgres.connection import answer_seconds
from pgfleet.postgres.guard import script_guard
from pgfleet.postgres.pipeline import Message, PipelineFailed, send_all
from pgfleet.postgres.prepared import NO_SUCH_STATEMENT
from pgfleet.postgres.query import Query, Rows, bind
from pgfleet.postgres.transactions import (
    BLOCK_SAVEPOINT,
    READ_SAVEPOINT,
    USE_HOME_PATH,
    USE_SERVER_PATH,
    Transactions,
)
from pgfleet.run.shipped import statement

BACKEND = Query(statement("introspection/session"))
"""The server process of this session, and whether the server is a standby."""


LOCK_NOT_AVAILABLE = "55P03"


def describe_holder(pid: int, role: str | None, application: str | None, query_start: str | None) -> str:
    """A session of the server in words. The server shows the others' queries only to some roles; we show none."""
    since = f", its query began at {query_start}" if query_start else ""
    return f"{application or 'no name'}, process {pid} of role {role or 'unknown'}{since}"


class Session(Transactions):
    """Queries, and scripts within or outside transactions."""

    def require_own_session(self, reason: str) -> None:
        """Raises BehindPooler, with the reason, if a pooler may give us another session of the server each time."""
        [[(pid, _)]] = self.fetch(BACKEND)
        if self.pooler_before(pid) is Pooler.TRANSACTION:
            raise BehindPooler(reason)

    def fetch(self, *queries: Query, undo: str = "", lock: str | None = None) -> list[Rows]:
        """The rows of each query, in one round trip and one read-only transaction, or a read-only part of ours.

        Raises a DatabaseError for the first query that fails; the session, and our transaction, remain usable. After a
        failure the statement `undo` reverts what a rollback does not (PREPARE); its own failure is ignored. `lock`
        locks the tables of all guarded queries (`lock_of`): then all queries have the same snapshot, unless they are
        part of a transaction of ours.
        """
        try:
            return self._fetch(queries, undo, lock)
        except DatabaseError as error:
            if error.sqlstate != NO_SUCH_STATEMENT or not self._prepared.forget():
                raise
            return self._fetch(queries, undo, lock)

    def _fetch(self, queries: tuple[Query, ...], undo: str, lock: str | None) -> list[Rows]:
        with self._naming_lock_holder("\n".join(each.text for each in queries if each.is_guarded)):
            if self._depth:
                reads = (Query(lock), *queries) if lock else queries
                return self._batch("", (), "", reads=reads, undo=undo)[-len(queries) :]
            # A guarded query must see what was committed before its tables were locked.
            is_late = lock is None and any(each.is_guarded for each in queries)
            level = "READ COMMITTED" if is_late else "REPEATABLE READ"
            locks, savepoint = session_settings.lock_first(self.limits, lock or ""), f"SAVEPOINT {READ_SAVEPOINT}"
            begin = [f"BEGIN ISOLATION LEVEL {level} READ ONLY", locks, savepoint if undo else ""]
            return self._batch("; ".join(filter(None, begin)), queries, "COMMIT", undo=undo)[-len(queries) :]

    def write(self, *queries: Query) -> None:
        """Runs the queries in one transaction, or as part of ours; all or nothing. Raises a DatabaseError."""
        with self.transaction():
            self._batch("", queries, "")

    def keep_tenant_lock(self) -> None:
        """Takes the tenant's lock until the connection closes, if it is free and no pooler shares this session.

        Within that time, no other run changes the tenant between two transactions of this one.
        """
        pooler, pid = self.dsn.pooler, self.open().info.backend_pid
        own = {"is_own": pooler is Pooler.SESSION, "pid": None if pooler else pid}
        [[(is_ours,)]] = self.fetch(Query(statement("ledger/keep_lock"), {"home": self.home, **own}))
        self._locked = self._connection if is_ours else None

    def close(self) -> None:
        """Closes the connection; first releases the tenant's lock, if a pooler keeps the server's session."""
        if self.keeps_tenant_lock and self.dsn.pooler:
            with suppress(DatabaseError):
                self.execute(session_settings.UNLOCK_ALL)
        super().close()

    def fetch_value(self, query: Query) -> Any:
        """The single value that the query returns; its effects are part of our transaction, or committed at once."""
        [[(value,)]] = self._batch("", (query,), "", with_settings=False)
        return value

    def check_script(self, script: Script) -> None:
        """Raises a DatabaseError if the script would read or call what the tenant's owner put in another's place."""
        self.fetch(script_guard(script.sql))

    def run_script(self, script: Script | str) -> None:
        """Runs a script's statements in a transaction of its own, or as part of ours; all or nothing.

        Checks deferred constraints at the end, as a commit would. Resets the settings, roles, temporary tables, and
        locks that the script leaves. Raises a DatabaseError with the statement's place, and CannotDryRun for a
        statement that works only in a transaction of its own.
        """
        if self._depth:
            self._run_as_part(script)
        else:
            with self.transaction():
                self._run_as_part(script)

    def run_own_script(self, name: str) -> None:
        """Runs one of pgfleet's own scripts, which leaves nothing to be reset, as part of our transaction."""
        self._run_in_savepoint(statement(name), USE_SERVER_PATH, [USE_HOME_PATH.text])

    def _run_as_part(self, script: Script | str) -> None:
        self._has_run_script = True
        resets = ["SET CONSTRAINTS ALL IMMEDIATE", *session_settings.RESETS, *self._unlock()]
        if self._is_part:  # defer again what is initially deferred, as the next script's own transaction would
            resets += [session_settings.USE_SERVER_PATH, statement("introspection/defer_constraints")]
        settings = (each.text for each in (*self._settings(), USE_HOME_PATH))
        try:
            self._run_in_savepoint(script, USE_HOME_PATH, [*resets, *settings])
        except BaseException:
            self._locked = None  # the script may have released it
            raise

    def _run_in_savepoint(self, script: Script | str, path: Query, after: Sequence[str]) -> None:
        depth, savepoint, self.has_run_script = self._depth, f"{BLOCK_SAVEPOINT}_{self._depth}", True
        begin = _own([f"SAVEPOINT {savepoint}", path.text])
        end = _own([*after, f"RELEASE SAVEPOINT {savepoint}"])
        self.script_answer_seconds = self.limits.answer_seconds
        with self._naming_lock_holder(_text(script)):
            try:
                self._run_pipelined(script, (*begin, *self._messages(script), *end))
            except BaseException:
                self._roll_back(depth)
                raise
            finally:
                self.script_answer_seconds = self.limits.answer_seconds

    def _unlock(self) -> Iterator[str]:
        """Releases the session's locks that a script may have taken, and takes the tenant's again.

        The transaction holds the tenant's lock too, so nobody gets it in between.
        """
        yield session_settings.UNLOCK_ALL
        if self.keeps_tenant_lock:
            yield bind(Query(statement("ledger/lock_session"), {"home": self.home}), self.open())

    def _messages(self, script: Script | str) -> Iterator[Message]:
        for each in split(_text(script)):
            yield Message(text=each.text, start=each.start)
            if CREATED.search(each.text):  # the extension's schema may not be on the search path yet
                path = session_settings.set_search_path(self._search_path(), self.open(), is_local=True)
                yield Message(text=path)

    def _run_pipelined(self, script: Script | str, messages: Sequence[Message]) -> None:
        """Sends the messages in one go; in several if a statement sets how long the server may take for the next."""
        while messages:
            count = next((n for n, each in enumerate(messages, start=1) if each.sets_timeout), len(messages))
            self._send(script, messages[:count])
            if messages[count - 1].sets_timeout:
                self._read_timeout()
            messages = messages[count:]

    def _send(self, script: Script | str, messages: Sequence[Message]) -> None:
        connection = self.open()
        try:
            with self._translating():
                send_all(connection, [each.text for each in messages], answer_seconds=self.script_answer_seconds)
        except PipelineFailed as failed:
            failing = messages[failed.place] if failed.place < len(messages) else Message(text="")
            of_script = failing.start is not None
            with self._translating(script if of_script else "", failing.start or 0):
                raise failed.error from None

    def run_outside_transaction(self, script: Script | str) -> None:
        """Runs a script's statements one by one, each in no transaction of ours (CREATE INDEX CONCURRENTLY).

        Raises as `outside_transaction` does, and a DatabaseError with the statement's place.
        """
        with self.outside_transaction():
            for each in split(_text(script)):
                with self._naming_lock_holder(each.text):
                    self._execute_of_script(each, script)

    @contextmanager
    def _naming_lock_holder(self, statement_text: str) -> Iterator[None]:
        """Adds to the error of a lock timeout which session probably holds the lock."""
        try:
            yield
        except TryAgain as error:
            if error.sqlstate != LOCK_NOT_AVAILABLE or not self.is_open:
                raise
            rows: Rows = []
            with suppress(DatabaseError):
                [rows] = self.fetch(Query(statement("introspection/lock_holders"), {"statement": statement_text}))
            holders = "".join(f"; the lock is held by {describe_holder(*row)}" for row in rows)
            raise TryAgain(error.message + holders, error.sqlstate, error.place) from error

    @contextmanager
    def outside_transaction(self) -> Iterator[None]:
        """Applies the limits and the search path to the session, for statements that cannot run in a transaction.

        Resets the settings, roles, and temporary tables that they leave. Raises a DatabaseError, CannotDryRun within a
        dry run, and BehindPooler.
        """
        if self._depth:
            raise CannotDryRun("it runs outside a transaction, so it cannot be rolled back")
        self.require_own_session("it runs outside a transaction")
        self.has_run_script = True
        path = session_settings.set_search_path(self._search_path(), self.open(), is_local=False)
        self.execute(f"{path}; {session_settings.set_limits(self.limits)}")
        try:
            yield
        finally:
            self.script_answer_seconds = self.limits.answer_seconds
            if self.is_open:  # a pooler in session mode will give this session to other clients
                self.execute(session_settings.RESET_SESSION)

    def _execute_of_script(self, each: Statement, script: Script | str) -> None:
        """Runs one statement; waits as long for the answers to the next ones as a new statement_timeout demands."""
        self.execute(each.text, script, each.start)
        if session_settings.TIMEOUT_SETTING in each.text.lower():
            self._read_timeout()

    def _read_timeout(self) -> None:
        with self._translating():
            [(shown,)] = self.open().execute(session_settings.SHOW_TIMEOUT).fetchall()
        self.script_answer_seconds = answer_seconds(session_settings.statement_timeout_ms(shown))


def _own(texts: Iterable[str]) -> Iterator[Message]:
    return (Message(text=each) for each in texts)


def _text(script: Script | str) -> str:
    return script if isinstance(script, str) else script.sql
