"""Decides when the tenants of a run or a wave start, and which of them start together."""

import math
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

from pgfleet.fleet.model import Tenant
from pgfleet.postgres.read.servers import group_by_server, workers_for
from pgfleet.run.context import RunContext

Item = TypeVar("Item")
Chunk = Sequence[Tenant]
ChunkSize = Callable[[Chunk, int], int]
"""How many of a server's waiting tenants, from the first on, start together, given the server's bound."""
LEAST_TENANTS, MOST_TENANTS = 5, 25
"""Of one task run, so that there are few of them, and yet progress, and work for every connection until the end."""


class Future(Protocol):
    """Work in another thread: a future of Prefect or of the standard library."""

    def add_done_callback(self, fn: Callable[[Any], None], /) -> None:
        """Call `fn` with the future once the work has finished."""


Submit = Callable[[Chunk], Future]
Finished = tuple[Chunk, Future]
NONE: Mapping[str, Future] = {}


def one_by_one(_waiting: Chunk, _bound: int) -> int:
    """Each tenant starts by itself."""
    return 1


def putting(queue: "SimpleQueue[Item]", item: Item) -> Callable[[Future], None]:
    """A callback for a finished task that puts the item into the queue."""
    return lambda _: queue.put(item)


def run_in_turn(
    context: RunContext,
    submit: Submit,
    late: Mapping[str, Future] = NONE,
    settle: Callable[[str], None] = lambda _: None,
    size: ChunkSize = one_by_one,
) -> Iterator[Finished]:
    """Yields the tenants that started together with their task, as the tasks finish; the servers take turns.

    A task works on its tenants one after another, so it has one connection. At most as many tasks run as `workers_for`
    says, and of each server as many as the run may have connections to it, because a thread that waits for a
    connection to one server does nothing for another. That number may grow meanwhile. The tenants of a `late` server
    start when the server's task has finished and `settle` was called with the server's name.
    """
    waiting = {server: deque(tenants) for server, tenants in group_by_server(context.environment.tenants).items()}
    finished: SimpleQueue[tuple[str, Finished | None]] = SimpleQueue()
    turns, running, expected, most = deque(waiting), Counter[str](), dict(late), workers_for(context.environment)

    def start() -> None:
        passed = 0
        while passed < len(turns) and running.total() < most:
            server = turns[0]
            turns.rotate(-1)
            bound = context.limiter.bound(server)
            if server in expected or not waiting[server] or running[server] >= bound:
                passed += 1
                continue
            passed = 0
            chunk = [waiting[server].popleft() for _ in range(size(waiting[server], bound))]
            running[server] += 1
            future = submit(chunk)
            future.add_done_callback(putting(finished, (server, (chunk, future))))

    for name, survey in expected.items():
        survey.add_done_callback(putting(finished, (name, None)))
    start()
    while expected or running.total():
        server, found = finished.get()
        if found is None:
            del expected[server]
            settle(server)
        else:
            running[server] -= 1
        start()
        if found:
            yield found


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """`submit` starts one task for several tenants.

    `result` returns what the finished task found in the tenant at a position of its chunk, or raises its error.
    """

    submit: Callable[[Chunk], Future]
    result: Callable[[Future, int], Any]

    def size(self, waiting: Chunk, bound: int) -> int:
        """How many of the server's waiting tenants share the next task run, if `bound` may run at once."""
        share = min(MOST_TENANTS, max(LEAST_TENANTS, math.ceil(len(waiting) / bound)))
        return max(1, min(len(waiting), share))
