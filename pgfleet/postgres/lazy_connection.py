"""A connection that is opened on first use and reopened after it was lost."""

import hashlib
from dataclasses import replace
from typing import Self

from pgfleet.connect_failure import ConnectFailure
from pgfleet.errors import DatabaseError, ServerSilent
from pgfleet.fleet.pooler import Pooler
from pgfleet.fleet.secret import Dsn, redacted_name
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.connection import Connection, Limits, connect, disconnect
from pgfleet.run.connection_limiter import Release
from pgfleet.run.silent_servers import PROBE_SECONDS, Patience

SILENCES = (ConnectFailure.TIMED_OUT, ConnectFailure.NO_ANSWER)
ENDED_WHILE_IDLE = "57P05"
NEVER_ENDED = "-c idle_session_timeout=0"
"""In the startup packet: a statement could come too late, and RESET ALL would undo it."""
MAY_REJECT_OPTIONS = (ConnectFailure.WRONG_DSN, ConnectFailure.OTHER)
"""Failures with which most poolers reject startup options."""

startup_options: dict[str, str] = {}
"""By connection string, the options of its next sessions, where the server has ended one of ours that was idle."""


class LazyConnection:
    """One connection to one database, and what is known of the server behind it.

    It counts against the limiter in `limits` from its first use to `close`, also while it is lost.
    """

    def __init__(self, dsn: Dsn, limits: Limits | None) -> None:
        self.dsn, self.limits = dsn, limits or Limits()
        self.secrets, self.server = libpq.secrets(dsn), libpq.server(dsn)
        self.script_answer_seconds = self.limits.answer_seconds
        self._is_probe = False
        self._options = ""
        self._connection: Connection | None = None
        self._release: Release | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def open(self) -> Connection:
        """The connection, opened if necessary. Raises a DatabaseError."""
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        return self._connection

    def close(self) -> None:
        """Closes the connection and releases it at the limiter; the next use opens another."""
        connection, self._connection = self._connection, None
        release, self._release = self._release, None
        try:
            if connection is not None:
                disconnect(connection)
        finally:
            if release is not None:
                release()

    @property
    def is_open(self) -> bool:
        """Whether there is a connection that is not known to be lost."""
        return self._connection is not None and not self._connection.closed

    @property
    def query_answer_seconds(self) -> float:
        """How long to wait for the answer to a query of pgfleet's own."""
        return min(PROBE_SECONDS, self.limits.answer_seconds) if self._is_probe else self.limits.answer_seconds

    @property
    def server_version(self) -> str:
        """The version that the server reports, `16.4`. Opens the connection."""
        return (self.open().info.parameter_status("server_version") or "").split(" ")[0]

    @property
    def server_major(self) -> int:
        """The server's major version. Opens the connection."""
        return self.open().info.server_version // 10_000

    @property
    def database(self) -> str:
        """The database's display name, `db1:5432/acme`, without secrets. Opens the connection.

        If part of the name is a secret, a few characters of a digest tell it from other databases.
        """
        info = self.open().info
        name = f"{info.host or 'local'}:{info.port}/{info.dbname}"
        shown = redacted_name(name, self.secrets)
        return shown if shown == name else f"{shown} ({hashlib.sha256(name.encode()).hexdigest()[:6]})"

    def pooler_before(self, pid: int) -> Pooler | None:
        """The pooler in front of the server process `pid`: as the fleet file says, or as detected.

        A server reports the process id of its backend, a pooler a key of its own (PostgreSQL manual, 54.2.8 Canceling
        Requests in Progress). Its pooling mode cannot be detected, so the more restrictive one is assumed.
        """
        is_direct = self.open().info.backend_pid == pid
        return self.dsn.pooler or (None if is_direct else Pooler.TRANSACTION)

    def _connect(self) -> Connection:
        """A new connection; after a lost one it keeps that one's place at the limiter."""
        try:
            if self._release is None and self.limits.limiter is not None:
                self._release = self.limits.limiter.acquire(self.server)
            connection = self._connect_to_stay(self._connect_limits())
        except DatabaseError as error:
            self.record_silence(error)
            self.close()
            raise
        except BaseException:
            self.close()
            raise
        # The password may come from a password file or a service file instead of the connection string.
        self.secrets = tuple({*self.secrets, connection.info.password} - {""})
        return connection

    def _connect_to_stay(self, limits: Limits) -> Connection:
        """A new connection, which the server does not end while it is idle if it has ended one before.

        If a pooler rejects the option for that, it is left out until the server ends another session.
        """
        options = startup_options.get(self.dsn.text)
        try:
            connection = connect(self.dsn, limits, options=options)
        except DatabaseError as error:
            if options is None or error.connect_failure not in MAY_REJECT_OPTIONS:
                raise
            startup_options.pop(self.dsn.text, None)
            connection = connect(self.dsn, limits)
        self._options = connection.info.options
        return connection

    def _connect_limits(self) -> Limits:
        """The limits, shorter for a server that has just not answered. Raises ServerSilent for one that is silent."""
        silent = self.limits.silent_servers
        patience = silent.patience(self.server) if silent else Patience.FULL
        if silent and patience is Patience.NONE and (error := silent.error(self.server)):
            raise ServerSilent(error.message, "", None, error.connect_failure)
        self._is_probe = patience is Patience.PROBE
        seconds = min(PROBE_SECONDS, self.limits.connect_timeout_seconds)
        return replace(self.limits, connect_timeout_seconds=seconds) if self._is_probe else self.limits

    def record_silence(self, error: DatabaseError) -> None:
        """Records that the server did not answer, or ended the session because it was idle, if that is the error."""
        # A pooler in transaction mode replaces the sessions that end.
        if error.sqlstate == ENDED_WHILE_IDLE and self.dsn.pooler is not Pooler.TRANSACTION:
            startup_options.setdefault(self.dsn.text, f"{self._options} {NEVER_ENDED}".strip())
        if self.limits.silent_servers and error.connect_failure in SILENCES and not isinstance(error, ServerSilent):
            self.limits.silent_servers.record(self.server, error, is_probe=self._is_probe)
