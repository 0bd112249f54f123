"""Advisory locks: one run at a time per tenant, and one tenant at a time for shared objects of a database."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from pgfleet.errors import TryAgain
from pgfleet.postgres.query import Query
from pgfleet.postgres.session import Session, describe_holder
from pgfleet.run.shipped import statement

LOCK_NOT_AVAILABLE = "55P03"
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 0.5
WHOLE_DATABASE = "*"
"""Stands for all home schemas in the name of a lock; a fleet file cannot name a schema like this."""


@contextmanager
def tenant_lock(session: Session) -> Iterator[None]:
    """Within a transaction: takes the tenant's advisory lock until the transaction ends. Raises TryAgain.

    Polls for up to lock_timeout instead of waiting in the server, where a waiting transaction would block CREATE INDEX
    CONCURRENTLY (PostgreSQL manual, CREATE INDEX, Building Indexes Concurrently).
    """
    _take(session, "ledger/lock", session.home, session.limits.lock_timeout_ms)
    yield


def lock_shared(session: Session) -> None:
    """Within a transaction: takes the lock on the database's shared objects until the transaction ends.

    Always taken after the tenant's own lock, so there is no deadlock. Polls longer, for up to statement_timeout: the
    holder works on another tenant and will finish, and the waiting transaction blocks nobody yet. Raises TryAgain.
    """
    _take(session, "ledger/lock", WHOLE_DATABASE, _shared_timeout_ms(session))


@contextmanager
def tenant_lock_of_session(session: Session, *, shared: bool = False) -> Iterator[None]:
    """The tenant's lock outside a transaction, with that on the shared objects if `shared`. Raises TryAgain."""
    homes = (session.home, WHOLE_DATABASE) if shared else (session.home,)
    taken = []
    try:
        for home in homes:
            timeout_ms = _shared_timeout_ms(session) if home == WHOLE_DATABASE else session.limits.lock_timeout_ms
            _take(session, "ledger/lock_session", home, timeout_ms)
            taken.append(home)
        yield
    finally:
        for home in taken if session.is_open else ():
            session.fetch_value(Query(statement("ledger/unlock_session"), {"home": home}))


def _shared_timeout_ms(session: Session) -> int:
    return max(session.limits.lock_timeout_ms, session.limits.statement_timeout_ms)


def _take(session: Session, name: str, home: str, timeout_ms: int) -> None:
    deadline, pause_seconds = time.monotonic() + timeout_ms / 1000, FIRST_PAUSE_SECONDS
    while not session.fetch_value(Query(statement(name), {"home": home})):
        if time.monotonic() >= deadline:
            target = "the shared objects of this database" if home == WHOLE_DATABASE else "this tenant"
            message = f"another run is working on {target}: {_holder(session, home)}"
            raise TryAgain(message, LOCK_NOT_AVAILABLE)
        time.sleep(min(pause_seconds, max(0, deadline - time.monotonic())))
        pause_seconds = min(LONGEST_PAUSE_SECONDS, pause_seconds * 1.5)


def _holder(session: Session, home: str) -> str:
    [rows] = session.fetch(Query(statement("ledger/holder"), {"home": home}))
    return next((describe_holder(*row) for row in rows), "it has just ended")
