"""Leave to open connections: never more of ours at once to one server than it is asked for."""

from collections import deque
from collections.abc import Callable
from threading import Event, Lock
from time import monotonic
from typing import Protocol

from pgfleet.errors import ConnectionLimitTimeout

GiveBack = Callable[[], None]
SlotsMaker = Callable[[int], "Slots | None"]
"""Makes the slots that processes share, of servers that may have so many connections each; None where none do."""


class Slots(Protocol):
    """Where processes share a server's connections out among themselves; safe for threads."""

    def take(self, server: str, patience_seconds: float) -> GiveBack:
        """Waits for one of the server's slots; what is returned gives it back. Raises ConnectionLimitTimeout."""

    def allow(self, server: str, connections: int) -> None:
        """From now on the server has so many slots. Raises ConnectionLimitTimeout where that could not be told to anybody."""

    def rest(self) -> None:
        """Gives back what is kept for the next connection: for a while there will be none."""


class ConnectionLimiter:
    """Leave to open connections: `bound` of them to each server, or what `allow` says; safe for threads.

    Whoever holds a permit must not wait for another of the same server: where there is one, it would wait for itself.
    With `slots`, other processes are reckoned with too; without, this process alone.
    """

    def __init__(self, bound: int, *, patience_seconds: float, slots: Slots | None = None) -> None:
        self.slots = slots
        self.patience_seconds = patience_seconds
        self._bound, self._allowed = bound, dict[str, int]()

    def bound(self, server: str) -> int:
        """How many connections of ours the server may have."""
        return self._allowed.get(server, self._bound)

    def allow(self, server: str, connections: int) -> None:
        """From now on the server may have so many. Raises ConnectionLimitTimeout where other processes could not be told so."""
        self._allowed[server] = connections
        if self.slots:
            self.slots.allow(server, connections)

    def take(self, server: str) -> GiveBack:
        """Waits until a connection may be opened, first come first served; what is returned gives the permit back.

        Raises ConnectionLimitTimeout if none of this process's was given back for `patience_seconds`, or the slots say so.
        """
        turnstile = _turnstiles.setdefault(server, FifoSemaphore())
        bound = self.bound(server)
        if not turnstile.enter(bound, self.patience_seconds):
            waited = f"none was given back within {self.patience_seconds:g} s"
            raise ConnectionLimitTimeout(
                f"as many connections of ours to {server} are open as may be, {bound}, and {waited}"
            )
        if self.slots is None:
            return turnstile.leave
        try:
            give_back = self.slots.take(server, self.patience_seconds)
        except BaseException:
            turnstile.leave()
            raise
        return lambda: _both(give_back, turnstile.leave)

    def rest(self) -> None:
        """Keeps nothing from other processes: for a while no connection will be opened."""
        if self.slots:
            self.slots.rest()


class FifoSemaphore:
    """Lets threads through in the order in which they came, as long as fewer are inside than each of them minds."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._moved_at = monotonic()
        self._queue = deque[_Waiting]()

    def enter(self, bound: int, patience_seconds: float) -> bool:
        """Goes in when fewer than `bound` are inside; False if nobody has left for so long."""
        with self._lock:
            waiting = _Waiting(bound)
            self._queue.append(waiting)
            self._call()
        try:
            began = monotonic()
            while not waiting.called.wait(max(began, self._moved_at) + patience_seconds - monotonic()):
                if monotonic() >= max(began, self._moved_at) + patience_seconds:
                    return self._give_up(waiting)
        except BaseException:
            if self._give_up(waiting):
                self.leave()
            raise
        return True

    def leave(self) -> None:
        """Goes out, and whoever is next comes in."""
        with self._lock:
            self._inside -= 1
            self._moved_at = monotonic()
            self._call()

    def _give_up(self, waiting: "_Waiting") -> bool:
        """Whether it was called at the last moment."""
        with self._lock:
            if not waiting.called.is_set():
                self._queue.remove(waiting)
                self._call()  # the one behind it may mind less
            return waiting.called.is_set()

    def _call(self) -> None:
        while self._queue and self._inside < self._queue[0].bound:
            self._inside += 1
            self._queue.popleft().called.set()


class _Waiting:
    """A thread in the queue."""

    def __init__(self, bound: int) -> None:
        self.bound, self.called = bound, Event()


_turnstiles: dict[str, FifoSemaphore] = {}
"""Of every server that this process has to do with, by its name."""


def _both(first: GiveBack, second: GiveBack) -> None:
    try:
        first()
    finally:
        second()
