"""The lock that keeps two runs from working on one tenant at once."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from pgfleet.errors import TryAgain
from pgfleet.pg.session import Query, Session
from pgfleet.shipped import statement

LOCK_NOT_AVAILABLE = "55P03"
PAUSE_SECONDS = 0.05


@contextmanager
def tenant_lock(session: Session, home: str | None = None) -> Iterator[None]:
    """Within a transaction: takes the tenant's advisory lock, which goes with that transaction.

    Asked for again and again up to lock_timeout and never waited for in the server, where a waiting transaction would
    hold up CREATE INDEX CONCURRENTLY (PostgreSQL manual, CREATE INDEX, Building Indexes Concurrently). Raises TryAgain.
    """
    _take(session, "ledger/lock", home or session.home)
    yield


@contextmanager
def tenant_lock_of_session(session: Session) -> Iterator[None]:
    """The same lock outside of any transaction, given back at the end or with the session. Raises TryAgain."""
    _take(session, "ledger/lock_session", session.home)
    try:
        yield
    finally:
        if session.is_open:
            session.ask(Query(statement("ledger/unlock_session"), {"home": session.home}))


def _take(session: Session, name: str, home: str) -> None:
    deadline = time.monotonic() + session.limits.lock_timeout_ms / 1000
    while not session.ask(Query(statement(name), {"home": home})):
        if time.monotonic() >= deadline:
            raise TryAgain(f"another run is working on this tenant: {_holder(session, home)}", LOCK_NOT_AVAILABLE)
        time.sleep(PAUSE_SECONDS)


def _holder(session: Session, home: str) -> str:
    [rows] = session.read(Query(statement("ledger/holder"), {"home": home}))
    return next((f"{name or 'no name'}, process {pid}" for name, pid in rows), "it has just gone")
