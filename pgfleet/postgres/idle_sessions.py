"""Begins sessions without `idle_session_timeout` where the server has ended one of ours because it was idle."""

from pgfleet.connect_failure import ConnectFailure
from pgfleet.errors import DatabaseError
from pgfleet.fleet.pooler import Pooler
from pgfleet.fleet.secret import Dsn

ENDED_WHILE_IDLE = "57P05"
NEVER_ENDED = "-c idle_session_timeout=0"
"""In the startup packet: a statement could come too late, and RESET ALL would undo it."""
MAY_REJECT_OPTIONS = (ConnectFailure.WRONG_DSN, ConnectFailure.OTHER)

_options: dict[str, str] = {}
"""By connection string: the startup options of its next sessions."""


def note_end(dsn: Dsn, options: str, error: DatabaseError) -> None:
    """Remembers that the server ended a session with these startup options because it was idle, if that is the error.

    Not behind a pooler in transaction mode: that one replaces the sessions that end.
    """
    if error.sqlstate == ENDED_WHILE_IDLE and dsn.pooler is not Pooler.TRANSACTION:
        _options.setdefault(dsn.text, f"{options} {NEVER_ENDED}".strip())


def options_for(dsn: Dsn) -> str | None:
    """The startup options that replace those of the connection string; None if they need not be replaced."""
    return _options.get(dsn.text)


def may_reject_options(error: DatabaseError) -> bool:
    """Whether a pooler may have rejected the startup options, as most do."""
    return error.connect_failure in MAY_REJECT_OPTIONS


def forget(dsn: Dsn) -> None:
    """Leaves the options out from now on, until the server ends another session."""
    _options.pop(dsn.text, None)
