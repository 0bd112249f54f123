"""Flow runs of waves on a work pool: begun, looked at, given up and cancelled, through Prefect's API alone."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import httpx
from prefect import Flow, State
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.deployments import run_deployment
from prefect.states import Cancelled, Cancelling, Crashed

from pgfleet.tasks.support.heartbeat import BEAT, PULSE, Beat
from pgfleet.tasks.support.wave_attempt import Observation, Stage

STAGES = {
    StateType.SCHEDULED: Stage.WAITING,
    StateType.PENDING: Stage.STARTING,
    StateType.CRASHED: Stage.CRASHED,
    StateType.COMPLETED: Stage.ENDED,
    StateType.FAILED: Stage.ENDED,
    StateType.CANCELLED: Stage.ENDED,
}
"""Of the types of states; a run in any other one is under way."""
THREADS = "PREFECT_TASKS_RUNNER_THREAD_POOL_MAX_WORKERS"
MOST_AT_ONCE = 100
"""Runs that one request is about: the API gives out 200 of anything."""


def begin(wave: Flow[..., Any], pool: str, arguments: Sequence[object], *, threads: int) -> UUID:
    """Hands the wave to the work pool's workers as a child of the flow run that this is called in; the new run's id.

    Never under an idempotency key: a run that begins anew, and a wave that was lost, must have runs of their own.
    """
    parameters = dict(inspect.signature(wave.fn).bind(*arguments).arguments)
    variables = {"env": {THREADS: str(threads)}}
    name = f"{wave.name}/{pool}"
    run = run_deployment(name, parameters=parameters, timeout=0, job_variables=variables)
    return cast("FlowRun", run).id


def look(run_ids: Sequence[UUID]) -> Mapping[UUID, tuple[State[Any], Observation]]:
    """What is to be seen of each run now. Raises httpx.HTTPError where Prefect does not answer."""
    found: dict[UUID, tuple[State[Any], Observation]] = {}
    with get_client(sync_client=True) as client:
        for some in _parts(run_ids):
            # The states first: a run writes its last sign of life before it ends.
            states, pulses = dict(_states(client, some)), dict(_pulses(client, some))
            found |= {each: (state, _sight(state, began, pulses.get(each))) for each, (state, began) in states.items()}
    return found


def give_up(run_id: UUID, reason: str) -> State[Any]:
    """Marks the run as Crashed, and returns that state; should it live, it ends itself when it sees it."""
    state: State[Any] = Crashed(message=reason)
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run_id, state, force=True)
    return state


def cancel_children(run_id: UUID) -> None:
    """Has all that the run has begun cancelled by its workers; what is not under way is cancelled at once.

    They are asked of Prefect: the run may have been interrupted between beginning one and being told its id. A worker
    that is about to start a process overlooks Cancelling (Prefect 3.8); should it start one in spite of Cancelled, that
    ends itself when it sees it.
    """
    message = "The run that it is a part of was ended."
    with suppress(httpx.HTTPError), get_client(sync_client=True) as client:
        for child_id, state_type in list(_unended_children(client, run_id)):
            make = Cancelling if state_type == StateType.RUNNING else Cancelled
            client.set_flow_run_state(child_id, make(message=message))


def confirm_cancellation(run_id: UUID) -> None:
    """Marks a run as Cancelled that was to be, and has ended."""
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run_id, Cancelled(message="Its waves were cancelled."), force=True)


def _sight(state: State[Any], started_at: datetime | None, beat: Beat | None) -> Observation:
    beats, finished = beat or (0, ())
    stage = STAGES.get(state.type, Stage.RUNNING)
    return Observation(stage=stage, started_at=started_at, beats=beats, finished=finished)


def _unended_children(client: SyncPrefectClient, run_id: UUID) -> Iterator[tuple[UUID, str]]:
    types = [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING]
    runs = {"parent_flow_run_id": {"any_": [str(run_id)]}, "state": {"type": {"any_": types}}}
    seen = 0
    while page := client.request("POST", "/flow_runs/filter", json={"flow_runs": runs, "offset": seen}).json():
        yield from ((UUID(each["id"]), each["state_type"]) for each in page)
        seen += len(page)


def _states(
    client: SyncPrefectClient, run_ids: Sequence[str]
) -> Iterator[tuple[UUID, tuple[State[Any], datetime | None]]]:
    """The state of each run, and when it was begun."""
    body = {"flow_runs": {"id": {"any_": list(run_ids)}}}
    for each in client.request("POST", "/flow_runs/filter", json=body).json():
        started_at = each["start_time"] and datetime.fromisoformat(each["start_time"])
        yield UUID(each["id"]), (State.model_validate(each["state"]), started_at)


def _pulses(client: SyncPrefectClient, run_ids: Sequence[str]) -> Iterator[tuple[UUID, Beat]]:
    body = {"artifacts": {"flow_run_id": {"any_": list(run_ids)}, "type": {"any_": [PULSE]}}}
    for each in client.request("POST", "/artifacts/filter", json=body).json():
        yield UUID(each["flow_run_id"]), BEAT.validate_json(each["data"])


def _parts(run_ids: Sequence[UUID]) -> Iterator[list[str]]:
    for start in range(0, len(run_ids), MOST_AT_ONCE):
        yield [str(each) for each in run_ids[start : start + MOST_AT_ONCE]]
