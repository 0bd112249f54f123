"""Which servers' slots somebody waits for, as processes tell each other by Prefect's API."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from uuid import UUID

from pgfleet.errors import ConnectionLimitTimeout
from pgfleet.tasks.support.leases import LEASE_SECONDS, Leases

RENEW_AFTER_SECONDS = LEASE_SECONDS / 3
PAST_SECONDS = 3.0
"""A process that was refused no slot for so long does not wait for any."""


@dataclass(slots=True)
class _Wish:
    """That this process waits: a slot of the server's other limit, leased as long as it is refused one."""

    lease: UUID
    refused_at: float
    renewed_at: float


class Awaiting:
    """Tells the other processes what this one waits for, and asks whether any does; safe for threads."""

    def __init__(self, leases: Leases) -> None:
        self.leases = leases
        self._lock = Lock()
        self._wishes: dict[str, _Wish] = {}
        self._awaited: frozenset[str] = frozenset()

    def refused(self, server: str) -> None:
        """This process was refused one of the server's slots, and will ask again. Raises ConnectionLimitTimeout."""
        now = monotonic()
        with self._lock:
            if wish := self._wishes.get(server):
                wish.refused_at = now
                return
        if lease := self.leases.lease_waiting(server):
            with self._lock:
                self._wishes[server] = _Wish(lease, refused_at=now, renewed_at=now)

    def is_awaited(self, server: str) -> bool:
        """Whether a process waited for one of the server's slots when it was looked last."""
        return server in self._awaited

    def look(self, servers: Iterable[str]) -> None:
        """Asks whether anybody waits for slots of these; somebody may, where Prefect does not answer."""
        self._awaited = frozenset(filter(self._is_awaited, servers))

    def keep(self) -> bool:
        """Takes back what this process does not wait for any more, renews the rest; whether there is any."""
        now = monotonic()
        with self._lock:
            past = [each for each, wish in self._wishes.items() if now - wish.refused_at >= PAST_SECONDS]
            old = [(*each,) for each in self._wishes.items() if now - each[1].renewed_at >= RENEW_AFTER_SECONDS]
        self._take_back(past)
        for server, wish in old:
            with suppress(ConnectionLimitTimeout):
                self.leases.renew(server, wish.lease)
                wish.renewed_at = now
        return bool(self._wishes)

    def end(self) -> None:
        """This process waits for nothing more."""
        self._take_back([*self._wishes])

    def _is_awaited(self, server: str) -> bool:
        try:
            return self.leases.is_awaited(server)
        except ConnectionLimitTimeout:
            return True

    def _take_back(self, servers: Iterable[str]) -> None:
        for server in servers:
            with self._lock:
                wish = self._wishes.pop(server, None)
            with suppress(ConnectionLimitTimeout):  # it ends by itself then
                if wish:
                    self.leases.release(server, wish.lease)
