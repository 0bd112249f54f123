"""Stops a wave from starting further tenants once too many have failed."""

from threading import Lock

from pgfleet.documents.rollout import TenantResult
from pgfleet.rollout.failure_budget import count_failures


class Gate:
    """Open until more than `allowed` tenants have failed (None for no limit); started tenants are not interrupted.

    Thread-safe.
    """

    def __init__(self, allowed: int | None) -> None:
        self._allowed, self._failures, self._lock = allowed, 0, Lock()
        self._is_closed = False

    def note(self, result: TenantResult) -> None:
        """Counts the result of a finished tenant."""
        with self._lock:
            self._failures += count_failures([result])

    def close(self) -> None:
        """Closes for good, because too many tenants have failed in all waves together."""
        with self._lock:
            self._is_closed = True

    @property
    def is_open(self) -> bool:
        """Whether a further tenant may be started."""
        with self._lock:
            is_exceeded = self._allowed is not None and self._failures > self._allowed
            return not self._is_closed and not is_exceeded
