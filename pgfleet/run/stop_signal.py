"""What keeps further tenants of a wave from being started once too many have failed."""

from threading import Lock

from pgfleet.documents.rollout import TenantResult
from pgfleet.rollout.failure_budget import count_failures


class Gate:
    """Open until more tenants have failed than may; those under way when it closes end in their own time.

    `allowed` is how many may still fail; None lets all through. Safe for threads.
    """

    def __init__(self, allowed: int | None) -> None:
        self._allowed, self._failures, self._lock = allowed, 0, Lock()
        self._is_closed = False

    def note(self, result: TenantResult) -> None:
        """Counts a tenant that is finished."""
        with self._lock:
            self._failures += count_failures([result])

    def close(self) -> None:
        """Lets nobody through any more: too many have failed, here and elsewhere."""
        with self._lock:
            self._is_closed = True

    @property
    def is_open(self) -> bool:
        """Whether a further tenant may be started."""
        with self._lock:
            is_used_up = self._allowed is not None and self._failures > self._allowed
            return not self._is_closed and not is_used_up
