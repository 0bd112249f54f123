"""Decides when the tenants of a run or a wave start."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

from pgfleet.fleet.model import Tenant
from pgfleet.postgres.read.servers import group_by_server
from pgfleet.run.context import RunContext

Item = TypeVar("Item")


class Future(Protocol):
    """Work in another thread: a future of Prefect or of the standard library."""

    def add_done_callback(self, fn: Callable[[Any], None], /) -> None:
        """Call `fn` with the future once the work has finished."""


Submit = Callable[[Tenant], Future]
Finished = tuple[Tenant, Future]
NONE: Mapping[str, Future] = {}


def putting(queue: "SimpleQueue[Item]", item: Item) -> Callable[[Future], None]:
    """A callback for a finished task that puts the item into the queue."""
    return lambda _: queue.put(item)


def run_in_turn(
    context: RunContext,
    submit: Submit,
    late: Mapping[str, Future] = NONE,
    settle: Callable[[str], None] = lambda _: None,
) -> Iterator[Finished]:
    """Yields each tenant with its task as the tasks finish; the servers take turns.

    Of each server, at most as many tenants run as the run may have connections to it, because a thread that waits for
    a connection to one server does nothing for another. That number may grow meanwhile. The tenants of a `late` server
    start when the server's task has finished and `settle` was called with the server's name.
    """
    waiting = {server: deque(tenants) for server, tenants in group_by_server(context.environment.tenants).items()}
    finished: SimpleQueue[tuple[str, Finished | None]] = SimpleQueue()

    running = Counter[str]()

    def start(servers: Iterable[str]) -> None:
        ready = deque(servers)
        while ready:
            server = ready.popleft()
            if waiting[server] and running[server] < context.limiter.bound(server):
                tenant = waiting[server].popleft()
                running[server] += 1
                future = submit(tenant)
                future.add_done_callback(putting(finished, (server, (tenant, future))))
                ready.append(server)

    expected = dict(late)
    for name, survey in expected.items():
        survey.add_done_callback(putting(finished, (name, None)))
    start(each for each in waiting if each not in expected)
    while expected or running.total():
        server, found = finished.get()
        if found is None:
            del expected[server]
            settle(server)
        else:
            running[server] -= 1
        start([server])
        if found:
            yield found
