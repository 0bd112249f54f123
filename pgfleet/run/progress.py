"""How far a run in this process is, and what it is about to do, for whoever wants to show it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from pgfleet.documents.plan import RolloutPlan


class Listener(Protocol):
    """Somebody who shows how far a run is."""

    def begin(self, phase: str, tenants: int) -> None:
        """A phase begins (`plan`, `ring canary`) in which so many tenants are worked on."""

    def finish(self, tenant: str, said: str) -> None:
        """A tenant is through this phase; `said` is what came of it, in a word."""

    def plan(self, plan: RolloutPlan) -> None:
        """This is what will be done; nothing is yet."""

    def note(self, said: str) -> None:
        """Something out of the ordinary, of which nothing is to come: a wave is run again, no worker is there."""


_listeners: ContextVar[tuple[Listener, ...]] = ContextVar("listeners", default=())


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Within the block, `listener` is told."""
    token = _listeners.set((*_listeners.get(), listener))
    try:
        yield
    finally:
        _listeners.reset(token)


def report_phase(phase: str, tenants: int) -> None:
    """Tells everybody who listens that a phase begins."""
    for listener in _listeners.get():
        listener.begin(phase, tenants)


def report_finished(tenant: str, said: str) -> None:
    """Tells everybody who listens that a tenant is through."""
    for listener in _listeners.get():
        listener.finish(tenant, said)


def report_plan(plan: RolloutPlan) -> None:
    """Tells everybody who listens what will be done."""
    for listener in _listeners.get():
        listener.plan(plan)


def report_note(said: str) -> None:
    """Tells everybody who listens something out of the ordinary."""
    for listener in _listeners.get():
        listener.note(said)
