"""Shares a server's connections among processes, by leases of the Prefect concurrency limit `pgfleet-<server>`."""

import re
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from threading import Event, Lock
from time import monotonic

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate, GlobalConcurrencyLimitUpdate
from prefect.client.schemas.responses import GlobalConcurrencyLimitResponse
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency
from prefect.exceptions import MissingContextError, ObjectAlreadyExists, ObjectNotFound
from prefect.logging import get_run_logger
from prefect.settings import PREFECT_API_URL

from pgfleet.errors import ConnectionLimitTimeout
from pgfleet.run import interruption, progress

LEASE_SECONDS = 60.0
"""The minimum that Prefect accepts. Slots of a killed process are returned so long after the last renewal."""
RETRY_SECONDS = 2.0
WAIT_SECONDS = 3600.0
"""Another run's wave keeps its slots until it ends."""
GROW_SECONDS = 5.0
SPARE_SLOTS = 1
"""Left to others by runs that have a slot, so that a small run can start while a large one is under way."""
UNPROCESSABLE, LOCKED = 422, 423


def server_leases(connections: int) -> "ServerLeases | None":
    """Leases, if there is a Prefect API that other processes may use too."""
    return ServerLeases(connections) if PREFECT_API_URL.value() else None


def limit_name(server: str) -> str:
    """The name of the server's limit, `pgfleet-db1.internal:5432`, without the characters that Prefect rejects."""
    return f"pgfleet-{re.sub('[/%&<>]', '_', server)}"


@dataclass(slots=True)
class _Share:
    """A run's slots of one server."""

    slots: int = 0
    wanted: int = 1
    limit: int | None = None
    grow_at: float = 0.0
    failure: str = ""
    leases: ExitStack = field(default_factory=ExitStack)
    released: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)


class ServerLeases:
    """A run's slots of each server, which Prefect renews until `release`; thread-safe.

    The run takes the slots that it wants at once, as far as they are free, and leaves one to others. It waits for the
    first slot, and takes more as they become free.
    """

    def __init__(
        self, connections: int, *, wait_seconds: float = WAIT_SECONDS, grow_seconds: float = GROW_SECONDS
    ) -> None:
        """To be called in the flow that releases the leases. `connections` is the value of a new limit."""
        self._connections, self._wait_seconds, self._grow_seconds = connections, wait_seconds, grow_seconds
        self._shares: dict[str, _Share] = {}
        self._context = copy_context()  # in the context of a task, Prefect would release the lease when the task ends

    def slots(self, server: str) -> int:
        """The number of slots that this run has."""
        return self._share(server).slots

    def want(self, server: str, slots: int) -> None:
        """Take up to this number of slots, or as many as a new limit has without the one for others."""
        self._share(server).wanted = max(1, min(slots, self._connections - SPARE_SLOTS))

    def acquire(self, server: str) -> None:
        """Wait for the first slot, or take more that are free. Raises ConnectionLimitTimeout without a first slot."""
        share = self._share(server)
        if not share.slots:
            with share.lock:
                if not share.slots:
                    self._context.copy().run(self._wait, server, share)
        elif share.slots < share.wanted and monotonic() >= share.grow_at:
            share.grow_at = monotonic() + self._grow_seconds
            with share.lock, suppress(ConnectionLimitTimeout):  # the run goes on with the slots that it has
                self._context.copy().run(self._lease_free, server, share)

    def allow(self, server: str, connections: int) -> None:
        """Set the server's limit, and return the slots if they are more: `acquire` takes as many as there may be.

        Raises ConnectionLimitTimeout if Prefect fails.
        """
        share = self._share(server)
        with share.lock:
            if share.limit != connections:
                self._context.copy().run(_set_limit, server, connections)
                share.limit = connections
            share.wanted = max(1, min(share.wanted, connections - SPARE_SLOTS))
            if share.slots > share.wanted:
                share.slots, leases = 0, share.leases.pop_all()
                with suppress(httpx.HTTPError):
                    self._context.copy().run(leases.close)

    def release(self, servers: Collection[str]) -> None:
        """Return the servers' slots and end waits for them."""
        shares = [self._share(each) for each in servers]
        self._shares |= {server: _Share(wanted=share.wanted) for server, share in zip(servers, shares, strict=True)}
        for each in shares:
            each.released.set()
        if shares:
            with ThreadPoolExecutor(len(shares)) as pool:
                list(pool.map(lambda each: self._context.copy().run(_close, each), shares))

    def _share(self, server: str) -> _Share:
        return self._shares.setdefault(server, _Share())

    def _wait(self, server: str, share: _Share) -> None:
        """For the first slot. What fails once fails at once for the server's other tenants."""
        if share.failure:
            raise ConnectionLimitTimeout(share.failure)
        try:
            if not self._lease_free(server, share):
                self._retry(server, share)
        except ConnectionLimitTimeout as error:
            share.failure = error.message
            raise

    def _retry(self, server: str, share: _Share) -> None:
        leased = f"other runs have leased all pgfleet connections to {server}"
        _note(f"{leased}; waiting until one is returned. Leases of a killed run expire within 90 s.")
        deadline = monotonic() + self._wait_seconds
        while monotonic() < deadline and not share.released.wait(min(RETRY_SECONDS, self._wait_seconds)):
            interruption.check()
            if self._lease_free(server, share):
                return
        raise ConnectionLimitTimeout(f"{leased}, and none was returned within {self._wait_seconds:g} s")

    def _lease_free(self, server: str, share: _Share) -> bool:
        """Lease what the run still wants, as far as it is free without the spare slot. Whether there was any."""
        limit = _read_limit(server, self._connections)  # first, since Prefect logs each refusal as an error
        share.limit, free = limit.limit, limit.limit - limit.active_slots
        first = 0 if share.slots else min(1, free)
        slots = max(first, min(share.wanted - share.slots, free - SPARE_SLOTS))
        while slots > 0 and not _lease(server, share, slots):  # another process was faster
            slots //= 2
        return slots > 0


def _lease(server: str, share: _Share, slots: int) -> bool:
    """Whether Prefect granted the slots."""
    lease = concurrency(
        limit_name(server),
        slots,
        max_retries=0,
        lease_duration=LEASE_SECONDS,
        strict=True,
        raise_on_lease_renewal_failure=False,
    )
    try:
        share.leases.enter_context(lease)
    except ConcurrencySlotAcquisitionError as error:
        cause = error.__cause__
        if isinstance(cause, httpx.HTTPStatusError) and cause.response.status_code in {UNPROCESSABLE, LOCKED}:
            return False
        raise _failure(server, cause or error) from error
    share.slots += slots
    return True


def _close(share: _Share) -> None:
    with share.lock, suppress(httpx.HTTPError):  # the lease expires
        share.leases.close()


def _read_limit(server: str, connections: int) -> GlobalConcurrencyLimitResponse:
    """The server's limit, which is created if it is missing."""
    name = limit_name(server)
    with _client(server) as client:
        try:
            return client.read_global_concurrency_limit_by_name(name)
        except ObjectNotFound:
            with suppress(ObjectAlreadyExists):  # another process was faster
                client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=connections))
        return client.read_global_concurrency_limit_by_name(name)


def _set_limit(server: str, connections: int) -> None:
    if _read_limit(server, connections).limit != connections:
        with _client(server) as client:
            change = GlobalConcurrencyLimitUpdate(limit=connections)
            client.update_global_concurrency_limit(limit_name(server), change)


@contextmanager
def _client(server: str) -> Iterator[SyncPrefectClient]:
    try:
        with get_client(sync_client=True) as client:
            yield client
    except httpx.HTTPError as error:
        raise _failure(server, error) from error


def _failure(server: str, error: BaseException) -> ConnectionLimitTimeout:
    reason = f"{type(error).__name__}: {error}".splitlines()[0]
    shared = "the Prefect API, through which processes share its connections, failed"
    return ConnectionLimitTimeout(f"cannot open a connection to {server}: {shared} ({reason}); check PREFECT_API_URL")


def _note(message: str) -> None:
    progress.report_note(message)
    with suppress(MissingContextError):
        get_run_logger().warning(message)
