"""How a server is connected to, and what is asked of every connection."""

import os
import select
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

import psycopg

from pgfleet.fleet.secret import Dsn
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.addresses import resolved
from pgfleet.postgres.errors import translating_refusal
from pgfleet.run.connection_limiter import ConnectionLimiter

Connection = psycopg.Connection[tuple[Any, ...]]

STANDARD_STRINGS = "SET standard_conforming_strings TO on"

WRITING = {
    # A database or a role may have its own defaults, and catalogs are compared as the server writes them.
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
    "quote_all_identifiers": "off",
    "bytea_output": "hex",
    "jit": "off",  # compiling a catalog query takes longer than running it
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long the server may take, who it is told is asking, and how many connections it is asked for (any number)."""

    application_name: str = "pgfleet"
    connect_timeout_seconds: int = 10
    statement_timeout_ms: int = 60_000
    lock_timeout_ms: int = 2_000
    idle_in_transaction_timeout_ms: int = 60_000
    limiter: ConnectionLimiter | None = None


LONGEST_FAREWELL_SECONDS = 1.0


def limiting(limits: Limits) -> dict[str, str]:
    """The server's settings that hold a transaction to these limits, with their values."""
    return {
        "statement_timeout": f"{limits.statement_timeout_ms}ms",
        "lock_timeout": f"{limits.lock_timeout_ms}ms",
        "idle_in_transaction_session_timeout": f"{limits.idle_in_transaction_timeout_ms}ms",
    }


KEEPING_ALIVE = {
    # A server that is gone without a word is noticed within a minute, and not after the two hours of the system.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}


def connect(dsn: Dsn, limits: Limits) -> Connection:
    """A new connection, on which nothing is prepared. Raises a DatabaseError.

    Each host that the connection string names is given `connect_timeout_seconds`, and its name as long to be resolved.
    Nothing goes into the startup packet that a pooler would refuse.
    """
    seconds = limits.connect_timeout_seconds
    settings: dict[str, Any] = {"connect_timeout": str(seconds), **libpq.lacking(dsn, KEEPING_ALIVE)}
    settings |= resolved(dsn, seconds=seconds)
    with translating_refusal(libpq.secrets(dsn), server=libpq.server(dsn), seconds=seconds):
        connection = psycopg.connect(
            dsn.text,
            autocommit=True,
            prepare_threshold=None,
            application_name=limits.application_name,
            client_encoding="UTF8",
            **settings,
        )
        if connection.info.parameter_status("standard_conforming_strings") == "off":
            connection.execute(STANDARD_STRINGS)
    return connection


def disconnect(connection: Connection) -> None:
    """Ends the connection, and returns when the server has ended it too, or takes too long.

    Until then it counts among those that the server has (its `socket_close` in pqcomm.c: the socket stays open until
    the process is gone, for clients who care).
    """
    if connection.closed:
        return
    with suppress(OSError):
        socket = os.dup(connection.fileno())
        try:
            connection.close()
            _read_to_the_end(socket)
        finally:
            os.close(socket)
    connection.close()


def _read_to_the_end(socket: int) -> None:
    poller = select.poll()
    poller.register(socket, select.POLLIN)
    deadline = monotonic() + LONGEST_FAREWELL_SECONDS
    while (left_seconds := deadline - monotonic()) > 0 and poller.poll(1000 * left_seconds):
        if not os.read(socket, 8192):
            return
