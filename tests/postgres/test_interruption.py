"""A signal that interrupts a statement: the server does not complete it, and scratch databases are dropped."""

import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest
from fixtures.servers import Server

from pgfleet.fleet.secret import Dsn
from pgfleet.postgres.connection import Limits, connect
from pgfleet.postgres.query import Query
from pgfleet.postgres.scratch.database import PREFIX, scratch_database
from pgfleet.postgres.session import Session

LONGEST_SECONDS = 60
"""Less than the statement takes, and long enough for a busy machine."""
REMINDER_SECONDS = 20
RUNNING = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(100)%' AND pid <> pg_backend_pid()"


class Interrupted(BaseException):
    """Raised by the signal's handler, as Prefect raises its own for SIGTERM."""


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Within the block a signal arrives after this time, and again where Python ignored what its handler raised.

    In a callback such as a connection's `__del__`, Python ignores it; `pgfleet.run.interruption` raises it again too.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds, REMINDER_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("in_transaction", [False, True])
def test_an_interrupted_statement_is_canceled(server: Server, in_transaction: bool) -> None:
    began = time.monotonic()
    with pytest.raises(Interrupted), interrupted_after(0.3), Session(server.admin) as session:
        if in_transaction:
            with session.transaction():
                session.run_script("SELECT pg_sleep(100)")
        session.fetch(Query("SELECT pg_sleep(100)"))
    assert time.monotonic() - began < LONGEST_SECONDS
    assert server.query(RUNNING) == [(0,)]


def test_an_interrupted_connection_attempt_is_closed_at_once() -> None:
    """Otherwise the server waits for its password for a minute, and DROP DATABASE for that session."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        dsn = Dsn(f"host=127.0.0.1 port={silent.getsockname()[1]} user=x dbname=x")
        with pytest.raises(Interrupted) as caught, interrupted_after(0.3):
            connect(dsn, Limits())
        accepted, _ = silent.accept()
        with accepted:
            accepted.settimeout(5)
            while accepted.recv(1024):  # what it asked before the signal
                pass
    assert caught.type is Interrupted, "the exception, with its traceback, is still held here"


@pytest.mark.parametrize("milliseconds", [5, 20, 40, 60, 80, 100, 150, 200, 300])
def test_a_signal_at_any_time_leaves_no_scratch_database(server: Server, milliseconds: int) -> None:
    began = time.monotonic()
    scratch = scratch_database(server.admin, Limits())
    with pytest.raises(Interrupted), interrupted_after(milliseconds / 1000), scratch as session:
        session.run_script("SELECT pg_sleep(100)")
    assert time.monotonic() - began < LONGEST_SECONDS
    assert server.query(f"SELECT datname FROM pg_database WHERE starts_with(datname, '{PREFIX}')") == []
