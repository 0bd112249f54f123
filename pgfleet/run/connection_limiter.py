"""Bounds the number of connections that a run opens to each server."""

from collections import deque
from collections.abc import Callable, Collection
from threading import Condition
from time import monotonic
from typing import Protocol

from pgfleet.errors import ConnectionLimitTimeout
from pgfleet.run import interruption

Release = Callable[[], None]
LeasesFactory = Callable[[int], "Leases | None"]
"""Takes the number of connections allowed per server. None where this process shares no server with others."""

IDLE_SECONDS = 5.0
"""How long `release_leases` waits for open connections to close, as after Ctrl+C."""


INTERRUPTIBLE_SECONDS = 0.5
"""How often a waiting thread looks for an interruption."""


class Leases(Protocol):
    """Shares a server's connections among processes; thread-safe."""

    def acquire(self, server: str) -> None:
        """Wait until `slots` of the server is at least 1. Raises ConnectionLimitTimeout."""

    def slots(self, server: str) -> int:
        """The number of connections that this run may open to the server now; 0 before the first `acquire`."""

    def want(self, server: str, slots: int) -> None:
        """Let `acquire` take up to this number of slots; 1 if this is not called."""

    def allow(self, server: str, connections: int) -> None:
        """Allow all processes together this number of connections. Raises ConnectionLimitTimeout."""

    def release(self, servers: Collection[str]) -> None:
        """Return the servers' slots and end waits for them."""


class ConnectionLimiter:
    """Bounds this run's connections to each server: `bound`, or the number that `allow` sets; thread-safe.

    Without leases, the connections of all runs in this process count together. With leases, each run counts its own,
    since its slots are its own. A thread that has a connection must not wait for a second one to the same server: with
    a bound of 1 it would wait for itself.
    """

    def __init__(self, bound: int, *, timeout_seconds: float, leases: Leases | None = None) -> None:
        self.leases, self.timeout_seconds = leases, timeout_seconds
        self._bound, self._allowed = bound, dict[str, int]()
        self._semaphores = _semaphores if leases is None else dict[str, FifoSemaphore]()

    def bound(self, server: str) -> int:
        """The number of connections that this run may have to the server now."""
        allowed = self._allowed.get(server, self._bound)
        return min(allowed, (self.leases.slots(server) if self.leases else 0) or allowed)

    def want(self, server: str, connections: int) -> None:
        """Say how many connections to the server this run can use at once, before it opens the first."""
        if self.leases:
            self.leases.want(server, connections)

    def allow(self, server: str, connections: int) -> None:
        """Set the number of connections to the server.

        Raises ConnectionLimitTimeout if the other processes cannot be informed.
        """
        self._allowed[server] = connections
        if self.leases:
            self.leases.allow(server, connections)

    def acquire(self, server: str) -> Release:
        """Wait for permission to open a connection, first come, first served. Call the result after closing it.

        Raises ConnectionLimitTimeout if no connection of this process was closed for `timeout_seconds`, or no lease
        could be taken.
        """
        semaphore = self._semaphores.setdefault(server, FifoSemaphore())
        if self.leases:
            self.leases.acquire(server)
        bound = self.bound(server)
        if not semaphore.acquire(bound, self.timeout_seconds):
            raise ConnectionLimitTimeout(
                f"connection limit of {server} reached ({bound}); none was closed within {self.timeout_seconds:g} s"
            )
        return semaphore.release

    def release_leases(self, *servers: str) -> None:
        """Return the leases of these servers, or of all, once the connections are closed; `acquire` takes new ones."""
        if self.leases:
            chosen, deadline = servers or [*self._semaphores], monotonic() + IDLE_SECONDS
            for semaphore in filter(None, map(self._semaphores.get, chosen)):
                if semaphore.acquire(1, deadline - monotonic()):
                    semaphore.release()
            self.leases.release(chosen)


class FifoSemaphore:
    """A first-in, first-out semaphore; each caller brings its own bound."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._queue = deque[object]()
        self._active = 0
        self._released_at = monotonic()

    @property
    def waiting(self) -> int:
        """The number of threads in the queue."""
        return len(self._queue)

    def acquire(self, bound: int, timeout_seconds: float) -> bool:
        """Wait until fewer than `bound` are active. False if `release` was not called for `timeout_seconds`."""
        began = monotonic()
        with self._changed:
            self._queue.append(ticket := object())
            try:
                while self._queue[0] is not ticket or self._active >= bound:
                    remaining_seconds = max(began, self._released_at) + timeout_seconds - monotonic()
                    if remaining_seconds <= 0:
                        return False
                    self._changed.wait(min(remaining_seconds, INTERRUPTIBLE_SECONDS))
                    interruption.check()
                self._active += 1
                return True
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()

    def release(self) -> None:
        """End one activity and admit the next waiter."""
        with self._changed:
            self._active -= 1
            self._released_at = monotonic()
            self._changed.notify_all()


_semaphores: dict[str, FifoSemaphore] = {}
"""By server, for all runs of this process that have no leases."""
