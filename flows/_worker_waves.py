"""Runs waves on the workers of a work pool, all at the same time, and runs a wave again if its worker is lost."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from prefect import Flow, State, get_run_logger, runtime
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import Abort
from prefect.states import Crashed

from pgfleet.fleet.selection import Wave
from pgfleet.run import progress
from pgfleet.tasks.support import wave_runs
from pgfleet.tasks.support.stop_signal import STOP_TAG, send_stop_signal
from pgfleet.tasks.support.wave_attempt import MOST_ATTEMPTS, Attempt, Observation

POLL_SECONDS = 2.0
QUIET_SECONDS = 10.0
"""Heartbeats are read only if nothing else has shown for this long that the worker is alive."""
IDLE_SECONDS = 60.0
"""After this time the user is told that no worker takes the waves."""
DELETED: State[Any] = Crashed(message="it was deleted from Prefect")
Stop = Callable[[Sequence[str]], bool]
"""Whether the waves must stop, given the lowercase state names of the finished tenants of all waves."""


class WaveRun:
    """A wave with its current flow run, and its final state once it has one."""

    def __init__(self, wave: Wave, parameters: Mapping[str, object]) -> None:
        self.wave, self.parameters = wave, parameters
        self.run_id = UUID(int=0)
        self.state: State[Any] | None = None
        self.started_at: datetime | None = None
        self.attempts = 0
        self.attempt = Attempt(0.0)
        self.states: dict[str, str] = {}
        self.finished: set[str] = set()

    def start(self, run_id: UUID) -> None:
        """Records that a new attempt is this flow run."""
        self.run_id, self.attempt, self.finished = run_id, Attempt(time.monotonic()), set()
        self.attempts += 1

    def record(self, states: Mapping[str, str]) -> None:
        """Records tenants that the current attempt finished; progress counts a tenant once over all attempts."""
        for tenant, state in states.items():
            if tenant not in self.states:
                progress.report_finished(tenant, state)
            self.states[tenant] = state
            self.finished.add(tenant)


class Workers:
    """The workers of one work pool, which run waves of one kind for the current flow run.

    `task_run` is the name of a tenant's task run, with `{}` for the tenant. Each wave works on `threads` tenants at
    once. A wave whose worker shows no sign of life for `silence_seconds` is run again.
    """

    def __init__(
        self, flow: Flow[..., Any], task_run: str, pool: str, stop: Stop, *, threads: int, silence_seconds: float
    ) -> None:
        self.flow, self.task_run, self.pool, self.stop = flow, task_run, pool, stop
        self.threads, self.silence_seconds = threads, silence_seconds
        self.runs: list[WaveRun] = []
        self.own_id = UUID(str(runtime.flow_run.id))
        self.idle_since: float | None = None

    def run(self, calls: Sequence[tuple[Wave, Mapping[str, object]]]) -> list[WaveRun]:
        """Runs each wave with its parameters until it ends. If this is interrupted, the waves are cancelled."""
        self.runs = [WaveRun(wave, parameters) for wave, parameters in calls]
        try:
            for each in self.runs:
                self._start(each)
            while self._unfinished():
                time.sleep(POLL_SECONDS)
                self._poll()
        except BaseException:
            wave_runs.cancel_children(self.own_id)
            raise
        return self.runs

    def _unfinished(self) -> list[WaveRun]:
        return [each for each in self.runs if each.state is None]

    def _start(self, run: WaveRun) -> None:
        run.start(wave_runs.start(self.flow, self.pool, run.parameters, threads=self.threads))

    def _poll(self) -> None:
        """If Prefect does not answer, the waves continue, and nobody can say that a worker is lost."""
        try:
            self._observe_all()
        except httpx.HTTPError as error:
            get_run_logger().warning("Prefect does not answer; trying again: %s", error)
            for each in self._unfinished():
                each.attempt.reset_deadline(time.monotonic())

    def _observe_all(self) -> None:
        unfinished = self._unfinished()
        found = wave_runs.read_runs([self.own_id, *(each.run_id for each in unfinished)])
        self._raise_if_cancelled(found.get(self.own_id))
        for each in unfinished:
            self._observe(each, found.get(each.run_id))
        self._note_if_idle()
        if self.stop([state for each in self.runs for state in each.states.values()]):
            for each in self._unfinished():
                if (run := found.get(each.run_id)) and STOP_TAG not in run.tags:
                    send_stop_signal(run.id, run.tags)

    def _observe(self, run: WaveRun, found: FlowRun | None) -> None:
        state = found.state if found and found.state else DELETED
        run.started_at = run.started_at or (found.start_time if found else None)
        if state.is_crashed():
            self._run_again(run, state)
        elif state.is_final():
            self._record_finished(run)
            run.record({name: "finished" for name in run.wave.names if name not in run.finished})
            run.state = state
        elif state.is_running():
            self._record_finished(run)
            self._observe_attempt(run, state.type)
        else:
            self._observe_attempt(run, state.type)

    def _record_finished(self, run: WaveRun) -> None:
        names = {self.task_run.format(name): name for name in run.wave.names if name not in run.finished}
        states = wave_runs.finished_task_runs(run.run_id, names) if names else {}
        run.record({names[name]: state.lower() for name, state in states.items()})

    def _observe_attempt(self, run: WaveRun, state: StateType) -> None:
        now_seconds, heartbeat = time.monotonic(), run.attempt.observation.heartbeat
        if state is StateType.RUNNING and run.attempt.silent_seconds(now_seconds) > QUIET_SECONDS:
            heartbeat = wave_runs.latest_heartbeat(run.run_id)
        observation = Observation(state=state, heartbeat=heartbeat, finished=len(run.finished))
        run.attempt.observe(observation, now_seconds)
        if run.attempt.is_lost(self.silence_seconds, now_seconds):
            reason = f"no heartbeat for {self.silence_seconds:g} s"
            self._run_again(run, wave_runs.mark_crashed(run.run_id, reason))

    def _run_again(self, run: WaveRun, state: State[Any]) -> None:
        lost = f"wave {run.wave.number} was lost ({state.message})"
        if run.attempts < MOST_ATTEMPTS:
            self._note(f"{lost} and is run again")
            self._start(run)
        else:
            self._note(f"{lost}; after {MOST_ATTEMPTS} attempts it is not run again")
            run.state = state

    def _note_if_idle(self) -> None:
        states = {each.attempt.observation.state for each in self._unfinished()}
        now_seconds = time.monotonic()
        if states != {StateType.SCHEDULED}:
            self.idle_since = None
        elif self.idle_since is None:
            self.idle_since = now_seconds
        elif now_seconds - self.idle_since > IDLE_SECONDS:
            self._note(f"no worker of the work pool {self.pool} takes the waves; start one")
            self.idle_since = now_seconds

    def _note(self, message: str) -> None:
        get_run_logger().warning(message)
        progress.report_note(message)

    def _raise_if_cancelled(self, own: FlowRun | None) -> None:
        """A run of the command line has no worker that would end it when it is cancelled in Prefect."""
        if own and own.state and (own.state.is_cancelling() or own.state.is_cancelled()):
            wave_runs.confirm_cancellation(self.own_id)
            message = "it was cancelled in Prefect"
            raise Abort(message)
