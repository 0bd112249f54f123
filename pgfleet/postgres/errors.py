"""Translates psycopg's errors into pgfleet's, without secrets."""

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
from pgfleet.fleet.secret import SHORTEST_SEARCHED, redacted, redacted_name
from pgfleet.manifest.model import Script
from pgfleet.parser.statements import place_in
from pgfleet.postgres.bounded_connection import NoAnswer
from pgfleet.postgres.connect_errors import classify, extract_message

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

MOST_CHARACTERS = 2000
"""Of a server's message, which a function of the tenant's may raise."""
UNIQUE_VIOLATION, INTERNAL_ERROR = "23505", "XX000"


@contextmanager
def translate_errors(
    secrets: tuple[str, ...], *, server: str, script: Script | None = None, start: int = 0
) -> Iterator[None]:
    """Raises every psycopg error in its scope as a `DatabaseError`.

    `server` is the server's display name. `script` contains the statement, which starts at character `start`.
    """
    try:
        yield
    except NoAnswer as error:
        text = ConnectFailure.NO_ANSWER.describe(redacted_name(server, secrets), seconds=error.seconds)
        raise ConnectionLost(text, "", None, ConnectFailure.NO_ANSWER) from None
    except psycopg.Error as error:
        kind = _kind(error)
        place = _place(error, script, start) if script else None
        # No statement contains the connection string, so a short word in quotes is a name of the tenant's.
        searched = tuple(each for each in secrets if len(each) >= SHORTEST_SEARCHED)
        raise kind(redacted(_message(error), searched), error.sqlstate or "", place) from None


@contextmanager
def translate_connect_errors(secrets: tuple[str, ...], *, server: str, seconds: float) -> Iterator[None]:
    """Raises every psycopg error in its scope, which opens a connection, as AccessRefused or ConnectionFailed.

    `server` is the server's display name, `seconds` the connect timeout.
    """
    try:
        yield
    except psycopg.Error as error:
        text = str(error)
        because = classify(text, error.sqlstate or "")
        raise connect_error(because, secrets, server, extract_message(text), seconds) from None


def connect_error(
    because: ConnectFailure, secrets: tuple[str, ...], server: str, message: str, seconds: float
) -> DatabaseError:
    """The error of a connection that could not be opened, without secrets."""
    kind = AccessRefused if because.is_final else ConnectionFailed
    text = because.describe(redacted_name(server, secrets), redacted(message, secrets), seconds)
    return kind(text, "", None, because)


def _place(error: psycopg.Error, script: Script, start: int) -> Place:
    """Where the server reports the error; the start of the statement if it reports no position."""
    position = error.diag.statement_position
    line, column = place_in(script.sql, start + int(position) - 1 if position else start)
    return Place(script.file, line, column)


def _kind(error: psycopg.Error) -> type[DatabaseError]:
    state = error.sqlstate or ""
    if _is_concurrent_ddl(error):
        return TryAgain
    if state:
        return BY_SQLSTATE.get(state) or BY_SQLSTATE.get(state[:2]) or StatementFailed
    return ConnectionLost if isinstance(error, psycopg.OperationalError) else StatementFailed


def _is_concurrent_ddl(error: psycopg.Error) -> bool:
    """Whether two sessions created or altered the same object at the same time.

    IF NOT EXISTS checks before it writes, and a session that checked before the other committed may have cached what it
    saw. The next attempt finds the object.
    """
    if error.sqlstate == UNIQUE_VIOLATION:
        return error.diag.schema_name == "pg_catalog"
    return error.sqlstate == INTERNAL_ERROR and "concurrently updated" in (error.diag.message_primary or "")


def _message(error: psycopg.Error) -> str:
    """The server's primary message and hint, or libpq's message on one line."""
    primary, hint = error.diag.message_primary, error.diag.message_hint
    if primary:
        return f"{_cut(primary)} (hint: {_cut(hint)})" if hint else _cut(primary)
    lines = [line.strip().rstrip(".") for line in _cut(str(error)).splitlines()]
    return "; ".join(filter(None, lines))


def _cut(message: str) -> str:
    left_out = len(message) - MOST_CHARACTERS
    return f"{message[:MOST_CHARACTERS]}… ({left_out} more characters)" if left_out > 0 else message
