"""Remembers the servers that did not answer, so that a run waits in vain only once (circuit breaker)."""

from dataclasses import dataclass
from enum import Enum
from threading import Lock
from time import monotonic

from pgfleet.errors import DatabaseError

SUSPECT_SECONDS = 60.0
"""How long a server is suspected after it did not answer."""
PROBE_SECONDS = 3
"""How long a suspected server has for an answer: to a new connection, and to each query of ours on it."""


class Patience(Enum):
    """How long to wait for a server's answers."""

    FULL = "the usual time"
    PROBE = "PROBE_SECONDS, because it has just not answered"
    NONE = "not at all, because it did not answer to a probe either"


@dataclass(slots=True)
class _Silence:
    error: DatabaseError
    at: float
    probe_failed: bool = False


class SilentServers:
    """The servers that did not answer to one run; thread-safe.

    A connection may be lost without notice (a firewall restarts) while the server is well, so a new connection to it is
    a probe. Only after a failed probe are connections refused, until the server has not been tried for
    `SUSPECT_SECONDS`.
    """

    def __init__(self) -> None:
        self._silences: dict[str, _Silence] = {}
        self._lock = Lock()

    def record(self, server: str, error: DatabaseError, *, is_probe: bool) -> None:
        """Records that the server did not answer, with the error."""
        with self._lock:
            known = self._current(server)
            if known is None:
                self._silences[server] = _Silence(error, monotonic())
            else:
                known.at, known.probe_failed = monotonic(), known.probe_failed or is_probe

    def patience(self, server: str) -> Patience:
        """How long to wait for the server."""
        with self._lock:
            known = self._current(server)
            if known is None:
                return Patience.FULL
            return Patience.NONE if known.probe_failed else Patience.PROBE

    def error(self, server: str) -> DatabaseError | None:
        """The first error of the current silence."""
        with self._lock:
            known = self._current(server)
            return known.error if known else None

    def _current(self, server: str) -> _Silence | None:
        known = self._silences.get(server)
        return known if known and monotonic() - known.at < SUSPECT_SECONDS else None
