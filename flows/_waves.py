"""Runs waves as child flow runs, here or on workers, and loads their results through Prefect's API."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeVar, cast
from uuid import UUID

from prefect import Flow, State
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from pydantic import TypeAdapter

from pgfleet.fleet.model import Tenant
from pgfleet.fleet.selection import Wave
from pgfleet.flows._worker_waves import Stop, Workers
from pgfleet.postgres.read.servers import workers_for
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.heartbeats import without_heartbeats
from pgfleet.tasks.support.results import load_result
from pgfleet.tasks.support.states import raw_result


class Named(Protocol):
    """A value that belongs to a tenant."""

    @property
    def name(self) -> str:
        """The tenant's name."""


class WithResult(Named, Protocol):
    """What came of a tenant."""

    @property
    def result(self) -> str:
        """What came of it, in one word."""


Item = TypeVar("Item")
NamedItem = TypeVar("NamedItem", bound=Named)
Arguments = Callable[[Wave], Mapping[str, object]]
"""The parameters of a wave's flow, besides `environment`, `ring`, `number` and `tenants`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveKind(Generic[Item]):
    """A wave's flow, the form of its results, and the name of a tenant's task run with `{}` for the tenant.

    `outcomes` returns the tenants' outcomes in one word, for progress and the failure budget.
    """

    flow: Flow[..., Any]
    form: TypeAdapter[tuple[Item, ...]]
    task_run: str
    outcomes: Callable[[tuple[Item, ...]], Mapping[str, str]] = lambda _: {}


def results_by_tenant(results: Iterable[WithResult]) -> Mapping[str, str]:
    """The result of each tenant in one word."""
    return {each.name: each.result for each in results}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Generic[Item]):
    """The results that a wave saved, none if it broke; its final state, when it ran, and in how many attempts."""

    wave: Wave
    results: tuple[Item, ...]
    state: State[Any]
    started_at: datetime
    finished_at: datetime
    attempts: int = 1

    @property
    def run_id(self) -> UUID:
        """The wave's flow run."""
        return _flow_run_id(self.state)

    @property
    def lost_reason(self) -> str:
        """Why the wave saved no result of a tenant."""
        return f"its wave failed: {self.state.name}: {self.state.message}"


def results_of(outcome: Outcome[NamedItem], lost: Callable[[Tenant, str], NamedItem]) -> list[NamedItem]:
    """The result of each tenant of the wave, in order; `lost` makes it, given the reason, if the wave saved none."""
    found = {each.name: each for each in outcome.results}
    return [found.get(each.name) or lost(each, outcome.lost_reason) for each in outcome.wave.tenants]


def all_results(outcomes: Iterable[Outcome[NamedItem]], lost: Callable[[Tenant, str], NamedItem]) -> list[NamedItem]:
    """The results of each wave, one wave after the other."""
    return [each for outcome in outcomes for each in results_of(outcome, lost)]


def run_waves(
    kind: WaveKind[Item],
    context: RunContext,
    waves: Sequence[Wave],
    arguments: Arguments = lambda _: {},
    stop: Stop = lambda _: False,
) -> list[Outcome[Item]]:
    """Runs each wave: here one after another, or all at once on the environment's work pool if it has one.

    On workers, the waves start no further tenant once `stop` is true for the states of the finished tenants.

    A suspended run starts over when it is resumed, and its earlier child runs no longer apply. Waves therefore persist
    no results in Prefect, which would otherwise not run them again.
    """
    name = context.environment.name
    calls = [
        (
            wave,
            {"environment": name, "ring": wave.ring, "number": wave.number, "tenants": wave.names, **arguments(wave)},
        )
        for wave in waves
    ]
    if is_distributed(context):
        return _run_on_workers(kind, context, calls, stop)
    with without_heartbeats():  # their parent sends them
        return [_run_here(kind, context, wave, parameters) for wave, parameters in calls]


def is_distributed(context: RunContext) -> bool:
    """Whether waves run on workers, all at once."""
    return context.environment.policy.waves.work_pool is not None


def _run_here(kind: WaveKind[Item], context: RunContext, wave: Wave, parameters: Mapping[str, object]) -> Outcome[Item]:
    threads: TaskRunner[Any] = ThreadPoolTaskRunner(workers_for(context.environment))
    started_at = datetime.now(UTC)
    state = cast("State[Any]", kind.flow.with_options(task_runner=threads)(**parameters, return_state=True))
    finished_at = datetime.now(UTC)
    is_broken = isinstance(raw_result(state), BaseException)
    results = () if is_broken else load_result(_flow_run_id(state), kind.form) or ()
    return Outcome(wave=wave, results=results, state=state, started_at=started_at, finished_at=finished_at)


def _run_on_workers(
    kind: WaveKind[Item], context: RunContext, calls: Sequence[tuple[Wave, Mapping[str, object]]], stop: Stop
) -> list[Outcome[Item]]:
    policy = context.environment.policy.waves
    workers = Workers(
        flow=kind.flow,
        task_run=kind.task_run,
        saved=lambda run_id: kind.outcomes(load_result(run_id, kind.form) or ()),
        pool=policy.work_pool or "",
        stop=stop,
        silence_seconds=policy.silence_seconds,
    )
    return [
        Outcome(
            wave=run.wave,
            results=load_result(run.run_id, kind.form) or (),
            state=state,
            started_at=run.started_at or state.timestamp,  # a wave that never started took no time
            finished_at=state.timestamp,
            attempts=run.attempts,
        )
        for run in workers.run(calls)
        if (state := run.state)
    ]


def _flow_run_id(state: State[Any]) -> UUID:
    found = state.state_details.flow_run_id
    assert found is not None, "a flow run's state has its id"  # noqa: S101
    return found
