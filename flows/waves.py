"""Runs a wave as a flow run of its own, and takes what it left from Prefect's API."""

from typing import Any, TypeVar, cast
from uuid import UUID

from prefect import Flow, State
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from pydantic import TypeAdapter

from pgfleet.brief import Brief
from pgfleet.pg.survey import workers_for
from tasks.exchange import take
from tasks.states import held

Item = TypeVar("Item")


def run_wave(
    wave: Flow[..., Any], form: TypeAdapter[tuple[Item, ...]], brief: Brief, *arguments: object
) -> tuple[tuple[Item, ...], State[Any]]:
    """What the wave left, nothing where it broke off, and its final state.

    A run that begins anew after a suspension takes up its earlier waves, and what those left then is no longer true.
    For the same reason no wave persists its result: Prefect would not run it again.
    """
    threads: TaskRunner[Any] = ThreadPoolTaskRunner(workers_for(brief.environment))
    state = cast("State[Any]", wave.with_options(task_runner=threads)(*arguments, return_state=True))
    if isinstance(held(state), BaseException):
        return (), state
    return take(flow_run_id(state), form) or (), state


def flow_run_id(state: State[Any]) -> UUID:
    """The id of the run that ended in this state."""
    found = state.state_details.flow_run_id
    assert found is not None, "the state of a flow run that was begun has its id"  # noqa: S101
    return found
