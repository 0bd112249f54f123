"""A server's connections as a global concurrency limit of Prefect's, and leases of its slots."""

import re
from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import TypeVar
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from pgfleet.errors import ConnectionLimitTimeout

LEASE_SECONDS = 60.0
"""The least that Prefect takes. So long after a process has ended its slots come back, at the server's next look."""
ANSWER_SECONDS = 10.0
BUSY_SECONDS = 60.0
"""So long an API that is busy is asked again, about as long as Prefect's own client would."""
SILENCE_SECONDS = 30.0
"""An API that did not answer, or was busy all the time, is not asked again for so long."""
GONE, NOT_TO_BE_HAD, LOCKED, BUSY = 410, 422, 423, 503
Answer = TypeVar("Answer")


MOST_WAITING = 1_000
"""So many processes may say that they wait for the same server; more of them would not be believed."""


def limit_name(server: str) -> str:
    """The limit's name for a server's, `pgfleet-db1.internal:5432`; Prefect refuses some characters in it."""
    return f"pgfleet-{re.sub('[/%&<>]', '_', server)}"


def waiting_name(server: str) -> str:
    """The name of the limit whose slots are the processes that wait for one of the server's."""
    return f"{limit_name(server)}-waiting"


class Leases:
    """Slots of servers as Prefect's API leases them; safe for threads. ConnectionLimitTimeout is raised where it does not answer.

    A limit that is not there is made, with `connections` slots.
    """

    def __init__(self, connections: int, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self._connections = connections
        self._client: SyncPrefectClient | None = None
        self._lock = Lock()
        self._failed_at, self._said = -SILENCE_SECONDS, ""
        self._until_not_busy = Retrying(
            retry=retry_if_exception(_is_busy),
            wait=wait_random_exponential(multiplier=0.02, max=1),
            stop=stop_after_delay(busy_seconds),
            reraise=True,
        )

    def set_limit(self, server: str, connections: int) -> None:
        """From now on the server has so many slots; those that are leased stay so."""
        self._ask(server, lambda client: _set_limit(client, server, connections))

    def lease(self, server: str) -> UUID | None:
        """A slot's lease for LEASE_SECONDS; None while all are leased."""
        return self._leased(server, limit_name(server), self._connections)

    def lease_waiting(self, server: str) -> UUID | None:
        """Tells everybody for LEASE_SECONDS that somebody waits for one of the server's slots."""
        return self._leased(server, waiting_name(server), MOST_WAITING)

    def is_awaited(self, server: str) -> bool:
        """Whether somebody waits for one of the server's slots."""
        return self._ask(server, lambda client: _slots_in_use(client, waiting_name(server))) > 0

    def renew(self, server: str, lease: UUID) -> None:
        """LEASE_SECONDS from now; nothing where it has ended already."""
        self._ask(server, lambda client: _renew(client, lease))

    def release(self, server: str, lease: UUID) -> None:
        """Gives the slot back."""
        self._ask(server, lambda client: client.release_concurrency_slots_with_lease(lease))

    def __del__(self) -> None:
        """With the last thread that might ask: its connections to the API."""
        if self._client is not None:
            self._client.__exit__(None, None, None)

    def _leased(self, server: str, name: str, slots: int) -> UUID | None:
        leased = self._ask(server, lambda client: _lease(client, name))
        if leased is not None and not leased["limits"]:
            self.release(server, UUID(leased["lease_id"]))  # of nothing
            self._ask(server, lambda client: _make_limit(client, name, slots))
            leased = self._ask(server, lambda client: _lease(client, name))
        return UUID(leased["lease_id"]) if leased else None

    def _ask(self, server: str, question: Callable[[SyncPrefectClient], Answer]) -> Answer:
        if monotonic() - self._failed_at < SILENCE_SECONDS:
            raise ConnectionLimitTimeout(_words(server, self._said))
        try:
            return self._until_not_busy(question, self._opened())
        except httpx.HTTPError as error:
            said = f"{type(error).__name__}: {error}".splitlines()[0]
            if isinstance(error, httpx.RequestError) or _is_busy(error):
                self._failed_at, self._said = monotonic(), said
            raise ConnectionLimitTimeout(_words(server, said)) from error

    def _opened(self) -> SyncPrefectClient:
        """One client for all threads, which no task's context closes: that has one with settings of its own."""
        with self._lock:
            if self._client is None:
                settings = {"timeout": ANSWER_SECONDS, "event_hooks": {"response": [_raise_if_busy]}}
                self._client = get_client(httpx_settings=settings, sync_client=True).__enter__()
            return self._client


def _raise_if_busy(response: httpx.Response) -> None:
    """Before Prefect's client sees it, which would wait two seconds and more, unless the answer says for how long.

    Its server on SQLite is busy for milliseconds, whenever another is writing.
    """
    if response.status_code == BUSY and "Retry-After" not in response.headers:
        response.raise_for_status()


def _is_busy(error: object) -> bool:
    return isinstance(error, httpx.HTTPStatusError) and error.response.status_code == BUSY


def _set_limit(client: SyncPrefectClient, server: str, connections: int) -> None:
    try:
        client.upsert_global_concurrency_limit_by_name(limit_name(server), connections)
    except ObjectAlreadyExists:  # another process made it just now
        client.upsert_global_concurrency_limit_by_name(limit_name(server), connections)


def _renew(client: SyncPrefectClient, lease: UUID) -> None:
    try:
        client.renew_concurrency_lease(lease, LEASE_SECONDS)
    except httpx.HTTPStatusError as error:
        if error.response.status_code != GONE:
            raise


def _slots_in_use(client: SyncPrefectClient, name: str) -> int:
    try:
        return client.read_global_concurrency_limit_by_name(name).active_slots
    except ObjectNotFound:
        return 0


def _lease(client: SyncPrefectClient, name: str) -> dict[str, str] | None:
    try:
        answer = client.increment_concurrency_slots_with_lease([name], 1, "concurrency", LEASE_SECONDS)
    except httpx.HTTPStatusError as error:
        if error.response.status_code in {LOCKED, NOT_TO_BE_HAD}:  # a limit that somebody has set to 0
            return None
        raise
    found: dict[str, str] = answer.json()
    return found


def _make_limit(client: SyncPrefectClient, name: str, slots: int) -> None:
    try:
        client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=slots))
    except ObjectAlreadyExists:
        return


def _words(server: str, said: str) -> str:
    shared = "Prefect's API, by which processes share a server's connections out"
    return f"no connection to {server} may be opened: {shared}, cannot be used ({said}); look at PREFECT_API_URL"
