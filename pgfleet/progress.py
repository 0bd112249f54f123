"""How far a run in this process is, for whoever wants to show it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pgfleet.judge.document import TenantEntry

Listener = Callable[[TenantEntry], None]

_listeners: ContextVar[tuple[Listener, ...]] = ContextVar("listeners", default=())


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Within the block, `listener` is called with every tenant that is finished."""
    token = _listeners.set((*_listeners.get(), listener))
    try:
        yield
    finally:
        _listeners.reset(token)


def report_finished(tenant: TenantEntry) -> None:
    """Tells everybody who listens that a tenant is finished."""
    for listener in _listeners.get():
        listener(tenant)
