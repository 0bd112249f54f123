"""Counts the failed tenants of a wave, and stops the wave when its ring may not have more."""

from collections.abc import Callable
from threading import Lock

from pgfleet.documents.rollout import TenantResult
from pgfleet.rollout.failures import count_failures


class FailureBudget:
    """How many tenants may still fail, `None` for any number. Safe for threads.

    Tenants that have started when the budget is exceeded finish. `is_stopped` says whether failures in other waves
    have used up the budget.
    """

    def __init__(self, allowed: int | None, is_stopped: Callable[[], bool] = lambda: False) -> None:
        self._allowed, self._is_stopped = allowed, is_stopped
        self._failures, self._lock = 0, Lock()

    def record(self, result: TenantResult) -> None:
        """Counts a finished tenant."""
        with self._lock:
            self._failures += count_failures([result])

    @property
    def allows_another(self) -> bool:
        """Whether another tenant may start."""
        with self._lock:
            if self._allowed is not None and self._failures > self._allowed:
                return False
        return not self._is_stopped()
