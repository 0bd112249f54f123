"""A process's slots of servers: each kept from tenant to tenant, so that not every tenant asks Prefect."""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from functools import cache
from threading import Lock, Thread
from time import monotonic, sleep
from uuid import UUID

from prefect.settings import PREFECT_API_URL

from pgfleet.errors import ConnectionLimitTimeout
from pgfleet.run.connection_limiter import GiveBack
from pgfleet.tasks.support.leases import Leases
from pgfleet.tasks.support.waiters import RENEW_AFTER_SECONDS, Awaiting

TURN_SECONDS = 5.0
"""So long a slot goes from tenant to tenant; then others have their turn, where somebody waits."""
POLL_SECONDS = 0.2
GAP_SECONDS = 2 * POLL_SECONDS
"""So long, and two answers of Prefect's, a process asks for nothing afterwards: others, who poll, come first."""
IDLE_SECONDS = 1.0
"""After so long an idle slot is given back if somebody waits."""
IDLE_TURNS = 3
"""After so many turns' time it is in any case; the next wave of the same run has begun by then."""
LOOK_SECONDS = 0.5


def prefect_slots(connections: int) -> "ServerSlots | None":
    """Slots of servers that may have so many connections each, where Prefect's API is one that others use too."""
    url = PREFECT_API_URL.value()
    return _slots_by(url, connections) if url else None


@cache
def _slots_by(_url: str, connections: int) -> "ServerSlots":
    """The same for all runs of this process: a wave takes up what the one before it has leased."""
    return ServerSlots(Leases(connections))


@dataclass(slots=True)
class _Slot:
    """A leased slot; it is idle, and can be taken, where `idle_since` is set."""

    server: str
    lease: UUID
    turn_began_at: float
    renewed_at: float
    idle_since: float | None = None


class ServerSlots:
    """Slots, leased when first needed, renewed while they are; given back when idle, or to somebody who waits."""

    def __init__(self, leases: Leases, *, turn_seconds: float = TURN_SECONDS) -> None:
        self.leases, self.turn_seconds = leases, turn_seconds
        self._awaiting = Awaiting(leases)
        self._lock, self._keeping = Lock(), Lock()
        self._slots: list[_Slot] = []
        self._asking: dict[str, Lock] = {}
        self._not_before: dict[str, float] = {}
        self._answer_seconds = 0.0
        self._is_resting = False
        self._keeper: Thread | None = None

    def allow(self, server: str, connections: int) -> None:
        """From now on the server has so many slots, for all processes. Raises ConnectionLimitTimeout."""
        self.leases.set_limit(server, connections)

    def take(self, server: str, patience_seconds: float) -> GiveBack:
        """One that is idle, or else a new one. Raises ConnectionLimitTimeout if all are taken for so long, or Prefect is silent."""
        deadline = monotonic() + patience_seconds
        while (slot := self._idle(server) or self._asked(server)) is None:
            if monotonic() >= deadline:
                waited = f"none was given back within {patience_seconds:g} s"
                raise ConnectionLimitTimeout(
                    f"all connections to {server} that pgfleet may have are other processes', and {waited}"
                )
        return lambda: self._give_back(slot)

    def rest(self) -> None:
        """Gives back what is idle, and at once what is still in use when that ends; waits for nothing more."""
        with self._lock:
            self._is_resting = True
            idle = self._without_idle(lambda _: 0.0)
        self._release(idle)
        with self._keeping:  # what the keeper is giving back is given back too
            self._awaiting.end()

    def _idle(self, server: str) -> _Slot | None:
        with self._lock:
            self._is_resting = False
            found = next((each for each in self._slots if each.server == server and each.idle_since is not None), None)
            if found:
                found.idle_since = None
            return found

    def _asked(self, server: str) -> _Slot | None:
        """A new lease, or None after a while; one thread at a time asks for a server's.

        The others do not wait for its answer: one that is in use may be idle sooner.
        """
        asking = self._asking.setdefault(server, Lock())
        if not asking.acquire(timeout=POLL_SECONDS):
            return None
        try:
            return self._idle(server) or self._leased(server)
        finally:
            asking.release()

    def _leased(self, server: str) -> _Slot | None:
        sleep(max(0.0, self._not_before.get(server, 0.0) - monotonic()))
        began = monotonic()
        lease = self.leases.lease(server)
        self._answer_seconds = monotonic() - began
        if lease is None:
            self._awaiting.refused(server)
            self._begin_keeping()
            sleep(POLL_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 (so that processes do not ask in step)
            return None
        slot = _Slot(server, lease, monotonic(), monotonic())
        with self._lock:
            self._slots.append(slot)
        self._begin_keeping()
        return slot

    def _give_back(self, slot: _Slot) -> None:
        is_over = monotonic() - slot.turn_began_at >= self.turn_seconds
        goes_on = not (is_over and self._awaiting.is_awaited(slot.server))
        now = monotonic()
        with self._lock:
            if goes_on and not self._is_resting:
                slot.idle_since = now
                slot.turn_began_at = now if is_over else slot.turn_began_at
                return
            self._slots.remove(slot)
            self._not_before[slot.server] = now + (GAP_SECONDS + 2 * self._answer_seconds) * is_over
        self._release([slot])

    def _without_idle(self, seconds: Callable[[str], float]) -> list[_Slot]:
        """Takes out what has been idle for so long, by its server."""
        now = monotonic()
        found = [each for each in self._slots if each.idle_since is not None]
        found = [each for each in found if now - (each.idle_since or now) >= seconds(each.server)]
        self._slots = [each for each in self._slots if each not in found]
        return found

    def _release(self, slots: Sequence[_Slot]) -> None:
        """All at once: an API that is busy lets each wait."""
        if slots:
            with ThreadPoolExecutor(len(slots)) as pool:
                list(pool.map(self._release_one, slots))

    def _release_one(self, slot: _Slot) -> None:
        with suppress(ConnectionLimitTimeout):  # the lease ends by itself then
            self.leases.release(slot.server, slot.lease)

    def _begin_keeping(self) -> None:
        with self._lock:
            if self._keeper is None:
                self._keeper = Thread(target=copy_context().run, args=(self._keep_on,), name="slots", daemon=True)
                self._keeper.start()

    def _keep_on(self) -> None:
        """Whatever goes wrong is gone with that look: somebody must look again."""
        is_through = False
        while not is_through:
            with suppress(Exception):
                self._keep()
                is_through = True

    def _keep(self) -> None:
        """Until there are none: renews what is in use for long, gives back what is not used any more."""
        while True:
            sleep(LOOK_SECONDS)
            with self._keeping:
                self._renew([*self._slots])  # before anything else is asked of an API that may be slow
                self._awaiting.look({each.server for each in [*self._slots]})
                self._release(self._idle_for_long())
                waits = self._awaiting.keep()
                with self._lock:
                    if not self._slots and not waits:
                        self._keeper = None
                        return

    def _idle_for_long(self) -> list[_Slot]:
        """Takes it out."""
        longest = max(IDLE_SECONDS, IDLE_TURNS * self.turn_seconds)
        with self._lock:
            return self._without_idle(lambda server: IDLE_SECONDS if self._awaiting.is_awaited(server) else longest)

    def _renew(self, slots: list[_Slot]) -> None:
        now = monotonic()
        for each in slots:
            if now - each.renewed_at >= RENEW_AFTER_SECONDS:
                with suppress(
                    ConnectionLimitTimeout
                ):  # what goes on with it is not ended, even where others have it meanwhile
                    self.leases.renew(each.server, each.lease)
                    each.renewed_at = now
