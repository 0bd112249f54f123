"""Leave to connect: never more at once than may be, first come first served, and nobody waits for ever."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest

from pgfleet.errors import ConnectionLimitTimeout
from pgfleet.run.connection_limiter import ConnectionLimiter, FifoSemaphore

LONGEST_WAIT_SECONDS = 10
NUMBERS = count()


@pytest.fixture
def server() -> str:
    """One that no other test has to do with: a process counts all its connections to a server together."""
    return f"db{next(NUMBERS)}:5432"


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(64) as pool:
        yield pool


def limiter(bound: int, **options: Any) -> ConnectionLimiter:
    return ConnectionLimiter(bound, **{"patience_seconds": LONGEST_WAIT_SECONDS, **options})


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.001)


def test_of_many_threads_as_many_are_inside_as_may_be(server: str, pool: ThreadPoolExecutor) -> None:
    inside: list[int] = []
    lock, now, given = threading.Lock(), [0], limiter(3)

    def work(_: int) -> None:
        give_back = given.take(server)
        with lock:
            now[0] += 1
            inside.append(now[0])
        time.sleep(0.001)
        with lock:
            now[0] -= 1
        give_back()

    list(pool.map(work, range(200)))
    assert (max(inside), len(inside)) == (3, 200)


def test_they_come_in_in_the_order_in_which_they_came() -> None:
    turnstile, order = FifoSemaphore(), list[int]()
    assert turnstile.enter(1, 1)
    threads = []
    for number in range(10):

        def work(number: int = number) -> None:
            assert turnstile.enter(1, LONGEST_WAIT_SECONDS)
            order.append(number)
            turnstile.leave()

        threads.append(threading.Thread(target=work))
        threads[-1].start()
        until(lambda number=number: len(turnstile._queue) == number + 1)
    turnstile.leave()
    for thread in threads:
        thread.join()
    assert order == list(range(10))


def test_servers_have_nothing_to_do_with_each_other(server: str) -> None:
    given = limiter(1)
    given.take(server)
    given.take(f"{server}0")()


def test_a_lowered_bound_holds_for_that_server(server: str) -> None:
    given = limiter(3, patience_seconds=0.01)
    given.allow(server, 2)
    assert (given.bound(server), given.bound("another")) == (2, 3)
    given.take(server)
    given.take(server)
    with pytest.raises(ConnectionLimitTimeout):
        given.take(server)


def test_all_of_a_process_are_counted_together(server: str) -> None:
    first = [limiter(2).take(server) for _ in range(2)]
    with pytest.raises(ConnectionLimitTimeout):
        limiter(2, patience_seconds=0.01).take(server)
    limiter(3, patience_seconds=0.01).take(server)()
    first[0]()
    limiter(2, patience_seconds=0.01).take(server)()


def test_a_wait_ends_and_says_why(server: str) -> None:
    given = limiter(2, patience_seconds=0.05)
    given.take(server)
    given.take(server)
    with pytest.raises(ConnectionLimitTimeout) as caught:
        given.take(server)
    assert str(caught.value) == (
        f"as many connections of ours to {server} are open as may be, 2, and none was given back within 0.05 s"
    )


def test_a_long_queue_that_moves_is_waited_in(server: str, pool: ThreadPoolExecutor) -> None:
    """Ten times 50 ms are longer than the patience of 200; nobody gives up while others come out."""
    given = limiter(1, patience_seconds=0.2)

    def work(_: int) -> None:
        give_back = given.take(server)
        time.sleep(0.05)
        give_back()

    list(pool.map(work, range(10)))


def test_who_minds_less_comes_in_once_the_one_before_has_given_up() -> None:
    turnstile = FifoSemaphore()
    assert turnstile.enter(1, 1)
    found: list[bool] = []
    first = threading.Thread(target=lambda: found.append(turnstile.enter(1, 0.1)))
    first.start()
    until(lambda: len(turnstile._queue) == 1)
    assert turnstile.enter(2, LONGEST_WAIT_SECONDS)
    first.join()
    assert found == [False]


class Scarce:
    """Slots of which there is none."""

    rested = 0

    def take(self, server: str, patience_seconds: float) -> Callable[[], None]:
        raise ConnectionLimitTimeout(f"no slot of {server} within {patience_seconds:g} s")

    def allow(self, server: str, connections: int) -> None:
        raise ConnectionLimitTimeout("silent")

    def rest(self) -> None:
        self.rested += 1


def test_without_a_slot_there_is_no_permit_and_none_is_lost(server: str) -> None:
    scarce = Scarce()
    given = limiter(1, slots=scarce, patience_seconds=0.01)
    for _ in range(2):
        with pytest.raises(ConnectionLimitTimeout, match="no slot of"):
            given.take(server)
    with pytest.raises(ConnectionLimitTimeout, match="silent"):
        given.allow(server, 1)
    given.rest()
    assert scarce.rested == 1
    limiter(1, patience_seconds=0.01).take(server)()


class Failing(Scarce):
    """Slots that cannot be given back."""

    def take(self, server: str, patience_seconds: float) -> Callable[[], None]:
        def give_back() -> None:
            raise RuntimeError(server)

        return give_back


def test_a_slot_that_cannot_be_given_back_keeps_no_permit(server: str) -> None:
    give_back = limiter(1, slots=Failing()).take(server)
    with pytest.raises(RuntimeError):
        give_back()
    limiter(1, patience_seconds=0.01).take(server)()
