"""Runs waves as flow runs of their own, and takes what they left from Prefect's API."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeVar, cast
from uuid import UUID

from prefect import Flow, State
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from pydantic import TypeAdapter

from pgfleet.flows._worker_waves import Wave, Workers
from pgfleet.postgres.read.servers import workers_for
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.results import load_result
from pgfleet.tasks.support.states import raw_result


class Named(Protocol):
    """What has a tenant's name."""

    @property
    def name(self) -> str:
        """The tenant's."""


Item = TypeVar("Item")
Kept = TypeVar("Kept", bound=Named)
Member = TypeVar("Member", bound=Named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Generic[Item]):
    """What a wave left of its tenants, nothing where it broke off; its final state, and when it was worked on."""

    results: tuple[Item, ...]
    state: State[Any]
    started_at: datetime
    finished_at: datetime
    attempts: int = 1


def lost_reason(outcome: Outcome[Any]) -> str:
    """Why the wave left nothing of a tenant."""
    return f"its wave broke off: {outcome.state.name}: {outcome.state.message}"


def of_each(outcome: Outcome[Kept], members: Iterable[Member], lost: Callable[[Member, str], Kept]) -> list[Kept]:
    """What the wave left of each of these, in this order; where it left nothing, what `lost` makes of it, told why."""
    found = {each.name: each for each in outcome.results}
    return [found.get(each.name) or lost(each, lost_reason(outcome)) for each in members]


def of_all(
    outcomes: Iterable[Outcome[Kept]], waves: Iterable[Iterable[Member]], lost: Callable[[Member, str], Kept]
) -> list[Kept]:
    """The same of one wave after the other."""
    return [each for outcome, members in zip(outcomes, waves, strict=True) for each in of_each(outcome, members, lost)]


def run_waves(
    wave: Flow[..., Any],
    form: TypeAdapter[tuple[Item, ...]],
    context: RunContext,
    calls: Sequence[Sequence[object]],
    watch: Callable[[Sequence[str]], None] | None = None,
) -> list[Outcome[Item]]:
    """The outcome of one run of the wave for each of `calls`, which are its arguments.

    Here they run one after another; on the workers of the environment's work pool, if it has one, at the same time.
    There `watch` is told again and again what came of the tenants so far, over all these waves.

    A run that begins anew after a suspension takes up its earlier waves, and what those left then is no longer true.
    For the same reason no wave persists its result: Prefect would not run it again.
    """
    pool = context.environment.policy.waves.work_pool
    if pool is not None:
        ended = Workers(wave, pool, context, watch, threads=threads_of(context)).run(calls)
        return [_on_worker(each, form) for each in ended]
    try:
        return [_run_here(wave, form, context, arguments) for arguments in calls]
    finally:
        context.limiter.rest()


def is_distributed(context: RunContext) -> bool:
    """Whether waves are run on workers, all of them at once."""
    return context.environment.policy.waves.work_pool is not None


def threads_of(context: RunContext) -> int:
    """How many tenants of a wave are worked on at once."""
    return workers_for(context.environment)


def _run_here(
    wave: Flow[..., Any], form: TypeAdapter[tuple[Item, ...]], context: RunContext, arguments: Sequence[object]
) -> Outcome[Item]:
    """In this process, whose own run's heartbeats are enough: at the end of a run Prefect waits a second for them."""
    threads: TaskRunner[Any] = ThreadPoolTaskRunner(threads_of(context))
    started_at = datetime.now(UTC)
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        state = cast("State[Any]", wave.with_options(task_runner=threads)(*arguments, return_state=True))
    finished_at = datetime.now(UTC)
    left = () if isinstance(raw_result(state), BaseException) else load_result(_flow_run_id(state), form) or ()
    return Outcome(results=left, state=state, started_at=started_at, finished_at=finished_at)


def _on_worker(wave: Wave, form: TypeAdapter[tuple[Item, ...]]) -> Outcome[Item]:
    """A wave that no worker ever began was worked on for no time."""
    assert wave.state is not None, "it has ended"  # noqa: S101
    left = load_result(wave.run_id, form) if wave.run_id else None
    ended_at = wave.state.timestamp
    return Outcome(
        results=left or (),
        state=wave.state,
        started_at=wave.started_at or ended_at,
        finished_at=ended_at,
        attempts=wave.attempts,
    )


def _flow_run_id(state: State[Any]) -> UUID:
    found = state.state_details.flow_run_id
    assert found is not None, "the state of a flow run that was begun has its id"  # noqa: S101
    return found
