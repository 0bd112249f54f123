"""Opens and closes a connection to a server."""

import os
import select
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from traceback import clear_frames
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from pgfleet.fleet.secret import Dsn
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.addresses import resolve
from pgfleet.postgres.bounded_connection import CLEAN_UP_SECONDS, BoundedConnection, CleaningConnection
from pgfleet.postgres.errors import translate_connect_errors
from pgfleet.run.connection_limiter import ConnectionLimiter
from pgfleet.run.interruption import is_interrupted
from pgfleet.run.silent_servers import SilentServers

Connection = BoundedConnection

STANDARD_SETTINGS = (
    # A database or a role may have its own, and psycopg reads values by what the session has when it has ended a batch.
    ("standard_conforming_strings", "on", "SET standard_conforming_strings TO on"),
    ("DateStyle", "ISO", "SET DateStyle TO 'ISO, MDY'"),
    ("IntervalStyle", "postgres", "SET IntervalStyle TO postgres"),
)
"""Settings that the server reports, with the start of the value that is needed, and the statement that sets it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Timeouts of a session, its application name, and the limiter that it takes its connection from, if any.

    `silent_servers` are those that did not answer to this run. A session that `cleans_up` works after an interruption.
    """

    application_name: str = "pgfleet"
    connect_timeout_seconds: int = 10
    statement_timeout_ms: int = 60_000
    lock_timeout_ms: int = 2_000
    idle_in_transaction_timeout_ms: int = 60_000
    limiter: ConnectionLimiter | None = None
    silent_servers: SilentServers | None = None
    cleans_up: bool = False

    @property
    def answer_seconds(self) -> float:
        """How long to wait for the answer to a statement: longer than the server works on it."""
        return answer_seconds(self.statement_timeout_ms)


ANSWER_MARGIN_SECONDS = 5.0
"""The time from `statement_timeout` until the server's error arrives here."""
LONGEST_ANSWER_SECONDS = 86_400.0
"""For a statement without `statement_timeout`, which only a script can switch off."""

LONGEST_CLOSE_SECONDS = 1.0
KEEPALIVES = {
    # Detects a dead server within a minute instead of the system's default of two hours.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}


def answer_seconds(statement_timeout_ms: int) -> float:
    """How long to wait for the answer to a statement under this `statement_timeout`; 0 is none."""
    return statement_timeout_ms / 1000 + ANSWER_MARGIN_SECONDS if statement_timeout_ms else LONGEST_ANSWER_SECONDS


def connect(dsn: Dsn, limits: Limits, *, options: str | None = None) -> Connection:
    """A new connection that prepares no statements. Raises a DatabaseError.

    Each host of the connection string gets `connect_timeout_seconds`, and as long again to resolve its name. The
    startup packet contains nothing that a pooler would reject, unless there are `options`, in place of those that the
    connection string gives.
    """
    seconds = limits.connect_timeout_seconds
    if limits.cleans_up and is_interrupted():
        seconds = int(CLEAN_UP_SECONDS)
    kind = CleaningConnection if limits.cleans_up else BoundedConnection
    settings: dict[str, Any] = {"connect_timeout": str(seconds), **libpq.without_given(dsn, KEEPALIVES)}
    settings |= resolve(dsn, seconds=seconds)
    settings |= {} if options is None else {"options": options}
    with translate_connect_errors(libpq.secrets(dsn), server=libpq.server(dsn), seconds=seconds):
        try:
            connection = kind.connect(
                dsn.text,
                autocommit=True,
                prepare_threshold=None,
                application_name=limits.application_name,
                client_encoding="UTF8",
                **settings,
            )
        except BaseException as error:
            # Frees a connection that is half open: the server would wait for its password up to a minute, and DROP
            # DATABASE for that session (authentication_timeout).
            clear_frames(error.__traceback__)
            raise
        connection.answer_seconds = limits.answer_seconds
        connection.add_notify_handler(
            lambda _: None
        )  # psycopg would keep what a tenant sends to a session that listens
        others = [
            text
            for name, start, text in STANDARD_SETTINGS
            if not (connection.info.parameter_status(name) or start).startswith(start)
        ]
        if others:
            connection.execute("; ".join(others))
    return connection


def disconnect(connection: Connection) -> None:
    """Closes the connection and waits until the server has closed it too, for at most a second.

    Until then it counts among the server's connections: the server closes the socket when the process exits
    (`socket_close` in pqcomm.c). A statement whose execution a signal interrupted is canceled first; the server would
    complete it otherwise.
    """
    if connection.closed:
        return
    if connection.info.transaction_status == TransactionStatus.ACTIVE:
        with suppress(psycopg.Error):
            connection.cancel_safe(timeout=LONGEST_CLOSE_SECONDS)
    with suppress(OSError):
        socket = os.dup(connection.fileno())
        try:
            connection.close()
            _read_to_end(socket)
        finally:
            os.close(socket)
    connection.close()


def _read_to_end(socket: int) -> None:
    poller = select.poll()
    poller.register(socket, select.POLLIN)
    deadline = monotonic() + LONGEST_CLOSE_SECONDS
    while (left_seconds := deadline - monotonic()) > 0 and poller.poll(1000 * left_seconds):
        if not os.read(socket, 8192):
            return
