"""Runs waves on the workers of a work pool, all at the same time, and runs a wave again if its worker is lost."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from prefect import Flow, State, get_run_logger, runtime
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, StateType, WorkPoolStatus
from prefect.exceptions import Abort
from prefect.states import Cancelled, Crashed

from pgfleet.fleet.selection import Wave
from pgfleet.run import progress
from pgfleet.tasks.support import wave_runs
from pgfleet.tasks.support.stop_signal import send_stop_signal

POLL_SECONDS = 2.0
QUIET_SECONDS = 10.0
"""Heartbeats are read only if nothing else has shown for this long that the worker is alive."""
STARTING_SECONDS = 300.0
"""The time a worker may take, beyond the silence, to start a run that it has taken: it may have to pull an image."""
MOST_ATTEMPTS = 3
"""A wave that kills every worker it runs on must not go on to kill the others."""
NONE = UUID(int=0)
DELETED: State[Any] = Crashed(message="it was deleted from Prefect")
Stop = Callable[[Sequence[str]], bool]
"""Whether the waves must stop, given the lowercase state names of the finished tenants of all waves."""


@dataclass(kw_only=True)
class WaveRun:
    """A wave with its current flow run, and its final state once it has one.

    `changed_at` is when anything about the flow run last changed, by this process's clock. The clocks of workers and of
    Prefect's server do not matter.
    """

    wave: Wave
    parameters: Mapping[str, object]
    run_id: UUID = NONE
    attempts: int = 0
    state: State[Any] | None = None
    started_at: datetime | None = None
    states: dict[str, str] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)
    observed: tuple[StateType, str | None, int] = (StateType.SCHEDULED, None, 0)
    changed_at: float = 0.0

    def start(self, run_id: UUID) -> None:
        """Records that a new attempt has this flow run."""
        self.run_id, self.attempts, self.finished = run_id, self.attempts + 1, set()
        self.changed_at = time.monotonic()

    def record(self, states: Mapping[str, str]) -> None:
        """Records tenants that the current attempt finished; progress counts a tenant once over all attempts."""
        for tenant, state in states.items():
            if tenant not in self.states:
                progress.report_finished(tenant, state)
            self.states[tenant] = state
            self.finished.add(tenant)

    def is_lost(self, state: StateType, heartbeat: str | None, silence_seconds: float, now: float) -> bool:
        """Whether nothing has changed for too long. An attempt that no worker has taken may wait forever."""
        observed = (state, heartbeat, len(self.finished))
        if observed != self.observed:
            self.observed, self.changed_at = observed, now
        limit_seconds = {StateType.RUNNING: silence_seconds, StateType.PENDING: silence_seconds + STARTING_SECONDS}
        return state in limit_seconds and now - self.changed_at > limit_seconds[state]


@dataclass(kw_only=True)
class Workers:
    """The workers of one work pool, which run waves of one kind for the current flow run.

    `task_run` is the name of a tenant's task run, with `{}` for the tenant. `saved` returns the outcomes, in one
    word, that an ended wave saved. A wave whose worker sends no heartbeat for `silence_seconds` is run again.
    """

    flow: Flow[..., Any]
    task_run: str
    saved: Callable[[UUID], Mapping[str, str]]
    pool: str
    stop: Stop
    silence_seconds: float
    runs: list[WaveRun] = field(default_factory=list)

    def run(self, calls: Sequence[tuple[Wave, Mapping[str, object]]]) -> list[WaveRun]:
        """Runs each wave with its parameters until it ends. If this is interrupted, the waves are canceled."""
        own_id = UUID(str(runtime.flow_run.id))
        self.runs = [WaveRun(wave=wave, parameters=parameters) for wave, parameters in calls]
        try:
            for each in self.runs:
                self._start(each)
            self._note_if_not_ready()
            while unfinished := [each for each in self.runs if each.state is None]:
                time.sleep(POLL_SECONDS)
                self._poll(own_id, unfinished)
        except BaseException:
            wave_runs.cancel_children(own_id)
            raise
        return self.runs

    def _start(self, run: WaveRun) -> None:
        run.start(wave_runs.start(self.flow, self.pool, run.parameters))

    def _poll(self, own_id: UUID, unfinished: Sequence[WaveRun]) -> None:
        """If Prefect does not answer, the waves continue, and nobody can say that a worker is lost."""
        try:
            with get_client(sync_client=True) as client:
                found = wave_runs.read_runs(client, [own_id, *(each.run_id for each in unfinished)])
                _raise_if_canceled(client, found.get(own_id))
                for each in unfinished:
                    self._observe(client, each, found.get(each.run_id))
                if self.stop([state for each in self.runs for state in each.states.values()]):
                    for run in found.values():
                        if run.id != own_id:
                            send_stop_signal(client, run)
        except httpx.HTTPError as error:
            get_run_logger().warning("Prefect does not answer; trying again: %s", error)
            for each in unfinished:
                each.changed_at = time.monotonic()

    def _observe(self, client: SyncPrefectClient, run: WaveRun, found: FlowRun | None) -> None:
        state = found.state if found and found.state else DELETED
        run.started_at = run.started_at or (found.start_time if found else None)
        if state.is_crashed():
            self._run_again(run, state)
            return
        names = {self.task_run.format(name): name for name in run.wave.names if name not in run.finished}
        if names and (state.is_running() or state.is_final()):
            finished = wave_runs.finished_tenants(client, run.run_id, names)
            run.record({tenant: name.lower() for tenant, name in finished.items()})
        if state.is_final():
            # Prefect records the states of task runs seconds after the end of their flow run.
            results = self.saved(run.run_id)
            run.record({name: results.get(name, "finished") for name in run.wave.names if name not in run.finished})
            run.state = state
            return
        now, heartbeat = time.monotonic(), run.observed[1]
        if state.is_running() and now - run.changed_at > QUIET_SECONDS:
            heartbeat = wave_runs.latest_heartbeat(client, run.run_id)
        if run.is_lost(state.type, heartbeat, self.silence_seconds, now):
            crashed: State[Any] = Crashed(message=f"no heartbeat for {self.silence_seconds:g} s")
            client.set_flow_run_state(run.run_id, crashed, force=True)
            self._run_again(run, crashed)

    def _run_again(self, run: WaveRun, state: State[Any]) -> None:
        lost = f"wave {run.wave.number} was lost ({state.message})"
        if run.attempts < MOST_ATTEMPTS:
            _note(f"{lost} and is run again")
            self._start(run)
        else:
            _note(f"{lost}; after {MOST_ATTEMPTS} attempts it is not run again")
            run.state = state

    def _note_if_not_ready(self) -> None:
        with get_client(sync_client=True) as client:
            if client.read_work_pool(self.pool).status is not WorkPoolStatus.READY:
                _note(f"the work pool {self.pool} is paused or has no worker online; the waves wait for one")


def _note(message: str) -> None:
    get_run_logger().warning(message)
    progress.report_note(message)


def _raise_if_canceled(client: SyncPrefectClient, own: FlowRun | None) -> None:
    """A run of the command line has no worker that would end it when it is canceled in Prefect."""
    if own and own.state and own.state.type in {StateType.CANCELLING, StateType.CANCELLED}:
        client.set_flow_run_state(own.id, Cancelled(message="Its waves were canceled."), force=True)
        raise Abort("it was cancelled in Prefect")
