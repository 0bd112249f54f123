"""Which tenants of a wave are begun when."""

from collections import deque
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

from prefect.futures import PrefectFuture

from pgfleet.brief import Brief
from pgfleet.fleet.model import Tenant
from pgfleet.pg.survey import group_by_server

Submit = Callable[[Tenant], PrefectFuture[Any]]
Ended = tuple[Tenant, PrefectFuture[Any]]


def ended_in_turn(brief: Brief, submit: Submit) -> Iterator[Ended]:
    """Every tenant with its task, as those end; the servers take turns.

    Of each server no more tenants are under way than it may have connections of ours: a thread that waits for a
    connection to one server does nothing for another.
    """
    waiting = {server: deque(tenants) for server, tenants in group_by_server(brief.environment.tenants).items()}
    ended: SimpleQueue[tuple[str, Ended]] = SimpleQueue()
    under_way = 0

    def begin(server: str) -> int:
        if not waiting[server]:
            return 0
        tenant = waiting[server].popleft()
        submit(tenant).add_done_callback(lambda future: ended.put((server, (tenant, future))))
        return 1

    bounds = {server: brief.permits.bound(server) for server in waiting}
    for place in range(max(bounds.values(), default=0)):
        under_way += sum(begin(server) for server, bound in bounds.items() if place < bound)
    while under_way:
        server, found = ended.get()
        under_way += begin(server) - 1
        yield found
