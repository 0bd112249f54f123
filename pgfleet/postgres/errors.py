"""psycopg's errors as pgfleet's own: what happened, whether trying again can help, and no secret."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from pgfleet.connect_failure import ConnectFailure
from pgfleet.errors import (
    AccessRefused,
    ConnectionFailed,
    ConnectionLost,
    DatabaseError,
    Place,
    PrivilegeMissing,
    StatementFailed,
    TryAgain,
)
from pgfleet.fleet.secret import redacted
from pgfleet.manifest.model import Script
from pgfleet.manifest.statements import place_in
from pgfleet.postgres.connect_errors import reason_of, words_of

BY_SQLSTATE: dict[str, type[DatabaseError]] = {
    # PostgreSQL manual, appendix A. Classes (two characters) and single codes; the longer one wins.
    "08": ConnectionLost,
    "28": AccessRefused,
    "3D": AccessRefused,
    "40": TryAgain,  # serialization failure, deadlock
    "42501": PrivilegeMissing,
    "53300": ConnectionFailed,  # too many connections
    "55P03": TryAgain,  # lock not available
    "57P01": ConnectionLost,  # terminated by an administrator
    "57P02": ConnectionLost,  # crash shutdown
    "57P03": ConnectionFailed,  # cannot connect now: starting up, shutting down
    "57P05": ConnectionLost,  # idle session timeout
    "25P03": ConnectionLost,  # idle in transaction timeout
    "57P04": AccessRefused,  # database dropped
}

UNIQUE_VIOLATION, INTERNAL_ERROR = "23505", "XX000"


@contextmanager
def translating(secrets: tuple[str, ...], *, script: Script | None = None, start: int = 0) -> Iterator[None]:
    """Raises every psycopg error in its scope as a `DatabaseError`.

    `script` is the one that the statement is of, `start` the place of its first character there.
    """
    try:
        yield
    except psycopg.Error as error:
        kind = _kind(error)
        place = _place(error, script, start) if script else None
        raise kind(redacted(_message(error), secrets), error.sqlstate or "", place) from None


@contextmanager
def translating_refusal(secrets: tuple[str, ...], *, server: str, seconds: float) -> Iterator[None]:
    """Raises every psycopg error in its scope, in which a session is to be had, as AccessRefused or ConnectionFailed.

    `server` is its name for people, `seconds` how long it had to answer.
    """
    try:
        yield
    except psycopg.Error as error:
        said = str(error)
        raise refusal(reason_of(said, error.sqlstate or ""), secrets, server, words_of(said), seconds) from None


def refusal(because: ConnectFailure, secrets: tuple[str, ...], server: str, said: str, seconds: float) -> DatabaseError:
    """The error of a session that was not had, without a secret in it."""
    kind = AccessRefused if because.is_final else ConnectionFailed
    return kind(redacted(because.describe(server, said, seconds), secrets), "", None, because)


def _place(error: psycopg.Error, script: Script, start: int) -> Place:
    """Where the server says the error is; of one that it met in running the statement, where that begins."""
    position = error.diag.statement_position
    line, column = place_in(script.sql, start + int(position) - 1 if position else start)
    return Place(script.file, line, column)


def _kind(error: psycopg.Error) -> type[DatabaseError]:
    state = error.sqlstate or ""
    if _is_met_by_another(error):
        return TryAgain
    if state:
        return BY_SQLSTATE.get(state) or BY_SQLSTATE.get(state[:2]) or StatementFailed
    return ConnectionLost if isinstance(error, psycopg.OperationalError) else StatementFailed


def _is_met_by_another(error: psycopg.Error) -> bool:
    """Whether two sessions made or altered the same object at the same moment.

    IF NOT EXISTS looks, and then writes; a session that looked before the other committed may even have kept what it
    saw. The next attempt finds the object there.
    """
    if error.sqlstate == UNIQUE_VIOLATION:
        return error.diag.schema_name == "pg_catalog"
    return error.sqlstate == INTERNAL_ERROR and "concurrently updated" in (error.diag.message_primary or "")


def _message(error: psycopg.Error) -> str:
    """The server's primary message and hint, or libpq's own words on one line."""
    primary = error.diag.message_primary
    if primary:
        return f"{primary} (hint: {error.diag.message_hint})" if error.diag.message_hint else primary
    lines = [line.strip().rstrip(".") for line in str(error).splitlines()]
    return "; ".join(filter(None, lines))
