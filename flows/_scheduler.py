"""Which tenants of a wave are begun when."""

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
Ended = tuple[Tenant, PrefectFuture[Any]]
NOBODY: Mapping[str, PrefectFuture[Any]] = {}


def told(ended: "SimpleQueue[Item]", item: Item) -> Callable[[PrefectFuture[Any]], None]:
    """What puts the item there when a task has ended."""
    return lambda _: ended.put(item)


def ended_in_turn(
    context: RunContext,
    submit: Submit,
    late: Mapping[str, PrefectFuture[Any]] = NOBODY,
    settle: Callable[[str], None] = lambda _: None,
) -> Iterator[Ended]:
    """Every tenant with its task, as those end; the servers take turns.

    Of each server no more tenants are under way than it may have connections of ours: a thread that waits for a
    connection to one server does nothing for another. The tenants of a server that is `late` are begun when its task
    has ended, and `settle` was told.
    """
    waiting = {server: deque(tenants) for server, tenants in group_by_server(context.environment.tenants).items()}
    ended: SimpleQueue[tuple[str, Ended | None]] = SimpleQueue()

    def begin(server: str) -> int:
        if not waiting[server]:
            return 0
        tenant = waiting[server].popleft()
        future = submit(tenant)
        future.add_done_callback(told(ended, (server, (tenant, future))))
        return 1

    def begin_first(servers: Iterable[str]) -> int:
        bounds = {server: context.limiter.bound(server) for server in servers}
        places = range(max(bounds.values(), default=0))
        return sum(begin(server) for place in places for server, bound in bounds.items() if place < bound)

    expected = dict(late)
    for name, survey in expected.items():
        survey.add_done_callback(told(ended, (name, None)))
    under_way = begin_first(each for each in waiting if each not in expected)
    while under_way or expected:
        server, found = ended.get()
        if found is None:
            del expected[server]
            settle(server)
            under_way += begin_first([server])
        else:
            under_way += begin(server) - 1
            yield found
