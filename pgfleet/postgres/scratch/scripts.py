"""Runs scripts in a scratch database: once, for their errors, or in a transaction that is always rolled back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from pgfleet.errors import PermanentError
from pgfleet.manifest.model import DownScript, Migration
from pgfleet.postgres.session import Session


def apply(session: Session, migration: Migration | DownScript) -> None:
    """Runs the script, in a transaction unless it cannot. Raises a DatabaseError."""
    run = session.run_script if migration.transactional else session.run_outside_transaction
    run(migration.script)


def error_of(run: Callable[[], None]) -> str | None:
    """The error of what runs a script; None if there is none. Raises transient DatabaseErrors."""
    try:
        run()
    except PermanentError as error:
        return str(error)
    return None


class _Undone(Exception):
    """Ends the transaction of a block that succeeded."""


@contextmanager
def rolled_back(session: Session) -> Iterator[None]:
    """Rolls back all that the block does in the session, or in its part of the session's transaction."""
    with suppress(_Undone), session.transaction():
        yield
        raise _Undone
