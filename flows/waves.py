"""Runs waves as flow runs of their own, and takes what they left from Prefect's API."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast
from uuid import UUID

from prefect import Flow, State
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from pydantic import TypeAdapter

from flows.workers import Workers
from pgfleet.brief import Brief
from pgfleet.pg.survey import workers_for
from tasks.exchange import take
from tasks.states import held

Item = TypeVar("Item")
Outcome = tuple[tuple[Item, ...], State[Any]]
"""What a wave left, nothing where it broke off, and its final state."""


def run_waves(
    wave: Flow[..., Any],
    form: TypeAdapter[tuple[Item, ...]],
    brief: Brief,
    calls: Sequence[Sequence[object]],
    watch: Callable[[Sequence[str]], None] | None = None,
) -> list[Outcome[Item]]:
    """The outcome of one run of the wave for each of `calls`, which are its arguments.

    Here they run one after another; on the workers of the environment's work pool, if it has one, at the same time.
    There `watch` is told again and again what came of the tenants so far, over all these waves.

    A run that begins anew after a suspension takes up its earlier waves, and what those left then is no longer true.
    For the same reason no wave persists its result: Prefect would not run it again.
    """
    pool = brief.environment.policy.waves.work_pool
    if pool is None:
        return [_run_here(wave, form, brief, arguments) for arguments in calls]
    ended = Workers(wave, pool, brief, watch, threads=threads_of(brief)).run(calls)
    return [(take(run_id, form) or (), state) for run_id, state in ended]


def is_distributed(brief: Brief) -> bool:
    """Whether waves are run on workers, all of them at once."""
    return brief.environment.policy.waves.work_pool is not None


def threads_of(brief: Brief) -> int:
    """How many tenants of a wave are worked on at once."""
    return workers_for(brief.environment)


def _run_here(
    wave: Flow[..., Any], form: TypeAdapter[tuple[Item, ...]], brief: Brief, arguments: Sequence[object]
) -> Outcome[Item]:
    """In this process, whose own run's heartbeats are enough: at the end of a run Prefect waits a second for them."""
    threads: TaskRunner[Any] = ThreadPoolTaskRunner(threads_of(brief))
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        state = cast("State[Any]", wave.with_options(task_runner=threads)(*arguments, return_state=True))
    if isinstance(held(state), BaseException):
        return (), state
    return take(_flow_run_id(state), form) or (), state


def _flow_run_id(state: State[Any]) -> UUID:
    found = state.state_details.flow_run_id
    assert found is not None, "the state of a flow run that was begun has its id"  # noqa: S101
    return found
