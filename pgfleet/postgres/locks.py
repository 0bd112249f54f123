"""The locks that keep two runs from working on one tenant at once, and two tenants on what they share."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from pgfleet.errors import TryAgain
from pgfleet.postgres.query import Query
from pgfleet.postgres.session import Session
from pgfleet.run.shipped import statement

LOCK_NOT_AVAILABLE = "55P03"
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 0.5
WHOLE_DATABASE = "*"
"""Stands for all home schemas in the name of a lock; no schema that a fleet file names is called so."""
WORKING = {WHOLE_DATABASE: "another run is working on what the tenants of this database share"}


@contextmanager
def tenant_lock(session: Session) -> Iterator[None]:
    """Within a transaction: takes the tenant's advisory lock, which goes with that transaction.

    Asked for again and again up to lock_timeout and never waited for in the server, where a waiting transaction would
    hold up CREATE INDEX CONCURRENTLY (PostgreSQL manual, CREATE INDEX, Building Indexes Concurrently). Raises TryAgain.
    """
    _take(session, "ledger/lock", session.home, session.limits.lock_timeout_ms)
    yield


def lock_shared(session: Session) -> None:
    """Within a transaction: takes the lock of what the database's tenants share, which goes with that transaction.

    Always after the tenant's own, so that no two wait for each other. It is asked for much longer, up to
    statement_timeout: whoever holds it does another tenant's work and will be done, and who waits holds up nobody yet.
    Raises TryAgain.
    """
    _take(session, "ledger/lock", WHOLE_DATABASE, _patience_ms(session))


@contextmanager
def tenant_lock_of_session(session: Session, *, shared: bool = False) -> Iterator[None]:
    """The same outside of any transaction, and what is shared if `shared`; given back at the end or with the session.

    Raises TryAgain.
    """
    homes = (session.home, WHOLE_DATABASE) if shared else (session.home,)
    taken = []
    try:
        for home in homes:
            patience_ms = _patience_ms(session) if home == WHOLE_DATABASE else session.limits.lock_timeout_ms
            _take(session, "ledger/lock_session", home, patience_ms)
            taken.append(home)
        yield
    finally:
        for home in taken if session.is_open else ():
            session.fetch_value(Query(statement("ledger/unlock_session"), {"home": home}))


def _patience_ms(session: Session) -> int:
    return max(session.limits.lock_timeout_ms, session.limits.statement_timeout_ms)


def _take(session: Session, name: str, home: str, patience_ms: int) -> None:
    deadline, pause_seconds = time.monotonic() + patience_ms / 1000, FIRST_PAUSE_SECONDS
    while not session.fetch_value(Query(statement(name), {"home": home})):
        if time.monotonic() >= deadline:
            said = WORKING.get(home, "another run is working on this tenant")
            raise TryAgain(f"{said}: {_holder(session, home)}", LOCK_NOT_AVAILABLE)
        time.sleep(min(pause_seconds, max(0, deadline - time.monotonic())))
        pause_seconds = min(LONGEST_PAUSE_SECONDS, pause_seconds * 1.5)


def _holder(session: Session, home: str) -> str:
    [rows] = session.fetch(Query(statement("ledger/holder"), {"home": home}))
    return next((f"{name or 'no name'}, process {pid}" for name, pid in rows), "it has just gone")
