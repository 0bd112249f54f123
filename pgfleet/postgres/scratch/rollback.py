"""Runs a block in a transaction that is always rolled back."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pgfleet.postgres.session import Session


class _Undone(Exception):
    """Ends the transaction of a block that succeeded."""


@contextmanager
def rolled_back(session: Session) -> Iterator[None]:
    """Rolls back all that the block does in the session, or in its part of the session's transaction."""
    with suppress(_Undone), session.transaction():
        yield
        raise _Undone
