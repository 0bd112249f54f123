"""Advisory locks: one run at a time per tenant, and one tenant at a time for shared objects of a database."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pgfleet.errors import TryAgain
from pgfleet.postgres.query import Query, Rows
from pgfleet.postgres.session import LOCK_NOT_AVAILABLE, Session, describe_holder
from pgfleet.run.shipped import statement

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 0.5
WHOLE_DATABASE = "*"
"""Stands for all home schemas in the name of a lock; a fleet file cannot name a schema like this."""


@contextmanager
def locked_transaction(session: Session, *reads: Query, shared: bool = False) -> Iterator[list[Rows]]:
    """A transaction with the tenant's advisory lock, and the rows of the `reads`, which see what the lock protects.

    Also takes the lock on the shared objects if `shared`. All of it is one round trip if the locks are free. Otherwise
    polls for them, for up to lock_timeout, instead of waiting in the server, where a waiting transaction would block
    CREATE INDEX CONCURRENTLY (PostgreSQL manual, CREATE INDEX, Building Indexes Concurrently). Raises TryAgain.
    """
    with _locked(session, (session.home, WHOLE_DATABASE) if shared else (session.home,), reads) as rows:
        yield rows


@contextmanager
def shared_transaction(session: Session, *reads: Query) -> Iterator[list[Rows]]:
    """The same with the lock on the database's shared objects alone."""
    with _locked(session, (WHOLE_DATABASE,), reads) as rows:
        yield rows


@contextmanager
def _locked(session: Session, homes: Sequence[str], reads: Sequence[Query]) -> Iterator[list[Rows]]:
    locks = [Query(statement("ledger/lock"), {"home": home}) for home in homes]
    with session.transaction(*locks, reads=reads) as rows:
        taken, found = [is_ours for [(is_ours,)] in rows[: len(homes)]], rows[len(homes) :]
        for home, is_ours in zip(homes, taken, strict=True):
            if not is_ours:
                _take(session, "ledger/lock", home)
        yield found if all(taken) or not reads else session.fetch(*reads)


def lock_shared(session: Session) -> None:
    """Within a transaction: takes the lock on the database's shared objects until the transaction ends.

    Always taken after the tenant's own lock, so there is no deadlock. Polls longer, for up to statement_timeout: the
    holder works on another tenant and will finish, and the waiting transaction blocks nobody yet. Raises TryAgain.
    """
    _take(session, "ledger/lock", WHOLE_DATABASE)


@contextmanager
def tenant_lock_of_session(session: Session, *, shared: bool = False) -> Iterator[None]:
    """The tenant's lock outside a transaction, with that on the shared objects if `shared`. Raises TryAgain."""
    homes = (session.home, WHOLE_DATABASE) if shared else (session.home,)
    taken = []
    try:
        for home in homes:
            _take(session, "ledger/lock_session", home)
            taken.append(home)
        yield
    finally:
        for home in taken if session.is_open else ():
            session.fetch_value(Query(statement("ledger/unlock_session"), {"home": home}))


def _take(session: Session, name: str, home: str) -> None:
    timeout_ms = session.limits.lock_timeout_ms
    if home == WHOLE_DATABASE:
        timeout_ms = max(timeout_ms, session.limits.statement_timeout_ms)
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
