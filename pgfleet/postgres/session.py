"""Runs queries and scripts on one connection to one tenant, within or outside transactions."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pgfleet.errors import BehindPooler, CannotDryRun, DatabaseError, TryAgain
from pgfleet.fleet.pooler import Pooler
from pgfleet.manifest.extensions import CREATED
from pgfleet.manifest.model import Script
from pgfleet.manifest.statements import Statement, split
from pgfleet.postgres import session_settings
from pgfleet.postgres.connection import answer_seconds
from pgfleet.postgres.guard import guard_script
from pgfleet.postgres.query import Query, Rows
from pgfleet.postgres.transactions import READ_SAVEPOINT, Transactions
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

    def fetch(self, *queries: Query, undo: str = "") -> list[Rows]:
        """The rows of each query, in one round trip and one read-only transaction, or a read-only part of ours.

        Raises a DatabaseError for the first query that fails; the session, and our transaction, remain usable. After a
        failure the statement `undo` reverts what a rollback does not (PREPARE); its own failure is ignored.
        """
        if self._depth:
            begin = f"SAVEPOINT {READ_SAVEPOINT}; SET TRANSACTION READ ONLY"
            end = f"ROLLBACK TO SAVEPOINT {READ_SAVEPOINT}; RELEASE SAVEPOINT {READ_SAVEPOINT}"
        else:
            # A guarded query must see what was committed before its tables were locked.
            level = "READ COMMITTED" if any(each.tables or each.at_home for each in queries) else "REPEATABLE READ"
            begin, end = f"BEGIN ISOLATION LEVEL {level} READ ONLY", "COMMIT"
            begin += f"; SAVEPOINT {READ_SAVEPOINT}" if undo else ""
        with self._naming_lock_holder("\n".join(each.text for each in queries if each.tables or each.at_home)):
            return self._batch(begin, queries, end, undo=undo)[-len(queries) :]

    def write(self, *queries: Query) -> None:
        """Runs the queries in one transaction, or as part of ours; all or nothing. Raises a DatabaseError."""
        with self.transaction():
            self._batch("", queries, "")

    def fetch_value(self, query: Query) -> Any:
        """The single value that the query returns; its effects are part of our transaction, or committed at once."""
        [[(value,)]] = self._batch("", (query,), "", with_settings=False)
        return value

    def check_script(self, script: Script) -> None:
        """Raises a DatabaseError if the script would read or call what the tenant's owner put in another's place."""
        self.fetch(guard_script(self.trust, script.sql))

    def run_script(self, script: Script | str) -> None:
        """Runs a script's statements one by one in a transaction of its own, or as part of ours; all or nothing.

        Checks deferred constraints at the end, as a commit would. Resets the settings, roles, temporary tables, and
        locks that the script leaves. Raises a DatabaseError with the statement's place, and CannotDryRun for a
        statement that works only in a transaction of its own.
        """
        with self._naming_lock_holder(_text(script)), self.transaction():
            self._has_run_script, self.script_answer_seconds = True, self.limits.answer_seconds
            for each in split(_text(script)):
                self._execute_of_script(each, script)
                if CREATED.search(each.text):  # the extension's schema may not be on the search path yet
                    self.execute(session_settings.set_search_path(self._search_path(), self.open(), is_local=True))
            self.execute(f"SET CONSTRAINTS ALL IMMEDIATE; {session_settings.RESET_SCRIPT}")
            self.script_answer_seconds = self.limits.answer_seconds
            if self._is_part:
                self._defer_constraints()

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
            with self._translating():
                [(shown,)] = self.open().execute(session_settings.SHOW_TIMEOUT).fetchall()
            self.script_answer_seconds = answer_seconds(session_settings.statement_timeout_ms(shown))

    def _defer_constraints(self) -> None:
        """Defers the constraints again that are initially deferred, as the next script's own transaction would."""
        [[(names,)]] = self.fetch(Query(statement("introspection/deferred_constraints"), {}))
        if names:
            self.execute(f"SET CONSTRAINTS {names} DEFERRED")


def _text(script: Script | str) -> str:
    return script if isinstance(script, str) else script.sql
