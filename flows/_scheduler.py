"""Decides when the tenants of a wave start."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from queue import SimpleQueue
from typing import Any, TypeVar

from prefect.futures import PrefectFuture

from pgfleet.fleet.model import Tenant
from pgfleet.postgres.read.servers import group_by_server
from pgfleet.run.context import RunContext

Item = TypeVar("Item")
Submit = Callable[[Tenant], PrefectFuture[Any]]
Finished = tuple[Tenant, PrefectFuture[Any]]
NONE: Mapping[str, PrefectFuture[Any]] = {}


def putting(queue: "SimpleQueue[Item]", item: Item) -> Callable[[PrefectFuture[Any]], None]:
    """A callback for a finished task that puts the item into the queue."""
    return lambda _: queue.put(item)


def run_in_turn(
    context: RunContext,
    submit: Submit,
    late: Mapping[str, PrefectFuture[Any]] = NONE,
    settle: Callable[[str], None] = lambda _: None,
) -> Iterator[Finished]:
    """Yields each tenant with its task as the tasks finish; the servers take turns.

    Of each server, at most as many tenants run as it may have connections from pgfleet, because a thread that waits for
    a connection to one server does nothing for another. The tenants of a `late` server start when the server's task
    has finished and `settle` was called with the server's name.
    """
    waiting = {server: deque(tenants) for server, tenants in group_by_server(context.environment.tenants).items()}
    finished: SimpleQueue[tuple[str, Finished | None]] = SimpleQueue()

    def start(server: str) -> int:
        if not waiting[server]:
            return 0
        tenant = waiting[server].popleft()
        future = submit(tenant)
        future.add_done_callback(putting(finished, (server, (tenant, future))))
        return 1

    def start_first(servers: Iterable[str]) -> int:
        bounds = {server: context.limiter.bound(server) for server in servers}
        places = range(max(bounds.values(), default=0))
        return sum(start(server) for place in places for server, bound in bounds.items() if place < bound)

    expected = dict(late)
    for name, survey in expected.items():
        survey.add_done_callback(putting(finished, (name, None)))
    running = start_first(each for each in waiting if each not in expected)
    while running or expected:
        server, found = finished.get()
        if found is None:
            del expected[server]
            settle(server)
            running += start_first([server])
        else:
            running += start(server) - 1
            yield found
