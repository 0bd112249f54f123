"""Reports the progress of a run in this process to its listeners."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from pgfleet.documents.rollout_plan import RolloutPlan

Item = TypeVar("Item")


class Listener(Protocol):
    """Shows the progress of a run."""

    def begin(self, phase: str, tenants: int) -> None:
        """A phase begins (`plan`, `ring canary`) that works on this number of tenants."""

    def finish(self, tenant: str, result: str) -> None:
        """The current phase has finished a tenant, with this result in a word."""

    def step(self, work: str, done: int, total: int) -> None:
        """This many steps of work on the manifest are done (`replay`), before or without work on tenants."""

    def plan(self, plan: "RolloutPlan") -> None:
        """The plan of a rollout is complete; nothing has been written yet."""

    def note(self, message: str) -> None:
        """Something unusual happened that may end well: a wave runs again, or no worker is available."""


_listeners: ContextVar[tuple[Listener, ...]] = ContextVar("listeners", default=())


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Within the block, progress is reported to the listener."""
    token = _listeners.set((*_listeners.get(), listener))
    try:
        yield
    finally:
        _listeners.reset(token)


def report_phase(phase: str, tenants: int) -> None:
    """Reports that a phase begins."""
    for listener in _listeners.get():
        listener.begin(phase, tenants)


def report_finished(tenant: str, result: str) -> None:
    """Reports that the current phase has finished a tenant."""
    for listener in _listeners.get():
        listener.finish(tenant, result)


def report_plan(plan: "RolloutPlan") -> None:
    """Reports the plan of a rollout."""
    for listener in _listeners.get():
        listener.plan(plan)


def report_note(message: str) -> None:
    """Reports something unusual."""
    for listener in _listeners.get():
        listener.note(message)


def track(work: str, items: Sequence[Item]) -> Iterator[Item]:
    """The items one by one; reports how many of them are done."""
    for done, item in enumerate(items):
        _report_step(work, done, len(items))
        yield item
    _report_step(work, len(items), len(items))


def _report_step(work: str, done: int, total: int) -> None:
    for listener in _listeners.get():
        listener.step(work, done, total)
