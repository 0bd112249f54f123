"""The connection limiter: never more than the bound at once, first come, first served, and no wait without end."""

import threading
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest
from fixtures.waiting import until

from pgfleet.errors import ConnectionLimitTimeout
from pgfleet.run.connection_limiter import ConnectionLimiter, FifoSemaphore

LONGEST_WAIT_SECONDS, PAUSE_SECONDS = 10, 0.001
NUMBERS = count()


@pytest.fixture
def server() -> str:
    """A server of this test alone: a process counts all its connections to a server together."""
    return f"db{next(NUMBERS)}:5432"


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(64) as pool:
        yield pool


def limiter(bound: int, **options: Any) -> ConnectionLimiter:
    return ConnectionLimiter(bound, **{"timeout_seconds": LONGEST_WAIT_SECONDS, **options})


def test_of_64_threads_no_more_than_the_bound_are_active(server: str, pool: ThreadPoolExecutor) -> None:
    active: list[int] = []
    lock, now, limited = threading.Lock(), [0], limiter(3)

    def work(_: int) -> None:
        release = limited.acquire(server)
        with lock:
            now[0] += 1
            active.append(now[0])
        time.sleep(0.001)  # so that other threads could become active
        with lock:
            now[0] -= 1
        release()

    list(pool.map(work, range(200)))
    assert (max(active), len(active)) == (3, 200)


def test_threads_are_admitted_in_the_order_in_which_they_came() -> None:
    semaphore, order = FifoSemaphore(), list[int]()
    assert semaphore.acquire(1, 1)
    threads = []
    for number in range(10):

        def work(number: int = number) -> None:
            assert semaphore.acquire(1, LONGEST_WAIT_SECONDS)
            order.append(number)
            semaphore.release()

        threads.append(threading.Thread(target=work))
        threads[-1].start()
        until(lambda number=number: semaphore.waiting == number + 1, LONGEST_WAIT_SECONDS, PAUSE_SECONDS)
    semaphore.release()
    for thread in threads:
        thread.join()
    assert order == list(range(10))


def test_servers_are_bounded_separately(server: str) -> None:
    limited = limiter(1)
    limited.acquire(server)
    limited.acquire(f"{server}0")()


def test_allow_changes_the_bound_of_one_server(server: str) -> None:
    limited = limiter(3, timeout_seconds=0.01)
    limited.allow(server, 2)
    assert (limited.bound(server), limited.bound("another")) == (2, 3)
    limited.acquire(server)
    limited.acquire(server)
    with pytest.raises(ConnectionLimitTimeout):
        limited.acquire(server)


def test_without_leases_all_limiters_of_a_process_count_together(server: str) -> None:
    first = [limiter(2).acquire(server) for _ in range(2)]
    with pytest.raises(ConnectionLimitTimeout):
        limiter(2, timeout_seconds=0.01).acquire(server)
    limiter(3, timeout_seconds=0.01).acquire(server)()
    first[0]()
    limiter(2, timeout_seconds=0.01).acquire(server)()


def test_a_timeout_says_what_was_waited_for(server: str) -> None:
    limited = limiter(2, timeout_seconds=0.05)
    limited.acquire(server)
    limited.acquire(server)
    with pytest.raises(ConnectionLimitTimeout) as caught:
        limited.acquire(server)
    assert str(caught.value) == f"connection limit of {server} reached (2); none was closed within 0.05 s"


def test_the_timeout_starts_over_with_each_release(server: str, pool: ThreadPoolExecutor) -> None:
    """Ten times 0.2 s is longer than the timeout of 1.5 s."""
    limited = limiter(1, timeout_seconds=1.5)

    def work(_: int) -> None:
        release = limited.acquire(server)
        time.sleep(0.2)
        release()

    list(pool.map(work, range(10)))


def test_a_higher_bound_is_admitted_once_the_waiter_before_it_has_timed_out() -> None:
    semaphore = FifoSemaphore()
    assert semaphore.acquire(1, 1)
    found: list[bool] = []
    first = threading.Thread(target=lambda: found.append(semaphore.acquire(1, 0.1)))
    first.start()
    until(lambda: semaphore.waiting == 1, LONGEST_WAIT_SECONDS, PAUSE_SECONDS)
    assert semaphore.acquire(2, LONGEST_WAIT_SECONDS)
    first.join()
    assert found == [False]


class FakeLeases:
    """Leases `granted` slots of each server; with none, `acquire` times out."""

    def __init__(self, granted: int) -> None:
        self.granted = granted
        self.released: list[str] = []

    def acquire(self, server: str) -> None:
        if not self.granted:
            raise ConnectionLimitTimeout(f"no lease of {server}")

    def slots(self, server: str) -> int:
        return self.granted

    def want(self, server: str, slots: int) -> None:
        """The number of granted slots is fixed."""

    def allow(self, server: str, connections: int) -> None:
        if not self.granted:
            raise ConnectionLimitTimeout("Prefect does not answer")

    def release(self, servers: Collection[str]) -> None:
        self.released += servers


def test_the_leased_slots_are_the_bound(server: str) -> None:
    leases = FakeLeases(2)
    limited = limiter(8, leases=leases, timeout_seconds=0.01)
    limited.allow(server, 3)
    assert limited.bound(server) == 2
    limited.acquire(server)
    release = limited.acquire(server)
    with pytest.raises(ConnectionLimitTimeout):
        limited.acquire(server)
    leases.granted = 5
    assert limited.bound(server) == 3, "what the server allows"
    limited.acquire(server)
    release()


def test_with_leases_each_run_counts_its_own_connections(server: str) -> None:
    limiter(8, leases=FakeLeases(1)).acquire(server)
    limiter(8, leases=FakeLeases(1), timeout_seconds=0.01).acquire(server)()


def test_without_a_lease_no_connection_is_counted(server: str) -> None:
    leases = FakeLeases(0)
    limited = limiter(1, leases=leases, timeout_seconds=0.01)
    for _ in range(2):
        with pytest.raises(ConnectionLimitTimeout, match="no lease of"):
            limited.acquire(server)
    with pytest.raises(ConnectionLimitTimeout, match="does not answer"):
        limited.allow(server, 1)
    leases.granted = 1
    limited.acquire(server)()


def test_leases_are_returned_once_the_connections_are_closed(server: str, pool: ThreadPoolExecutor) -> None:
    leases = FakeLeases(1)
    limited = limiter(1, leases=leases)
    release = limited.acquire(server)
    returned = pool.submit(limited.release_leases)
    time.sleep(0.1)  # without a connection, the leases would be returned by now
    assert leases.released == []
    release()
    returned.result(LONGEST_WAIT_SECONDS)
    assert leases.released == [server]


def test_the_lease_of_one_server_can_be_returned(server: str) -> None:
    leases = FakeLeases(1)
    limited = limiter(1, leases=leases)
    limited.acquire(server)()
    limited.acquire("another")()
    limited.release_leases(server)
    assert leases.released == [server]
