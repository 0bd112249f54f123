"""Runs waves on workers, all at the same time, and sees to it that each comes to its end."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from prefect import Flow, State, get_run_logger, runtime
from prefect.client.schemas.objects import StateType
from prefect.exceptions import Abort
from prefect.states import Crashed

from pgfleet.run import progress
from pgfleet.run.context import RunContext
from pgfleet.tasks.support import worker_runs
from pgfleet.tasks.support.wave_attempt import MOST_ATTEMPTS, Attempt, Observation, Stage

POLL_SECONDS = 1.0
PATIENCE_SECONDS = 60.0
"""After which it is told that no worker takes anything up."""
DELETED: tuple[State[Any], Observation] = (Crashed(message="it is gone from Prefect"), Observation(stage=Stage.CRASHED))
"""Of a run that Prefect knows nothing of any more."""


class Wave:
    """One wave: the attempt under way, and what of it was told already; its final state, once there is one."""

    def __init__(self, number: int, arguments: Sequence[object]) -> None:
        self.number, self.arguments = number, arguments
        self.run_id: UUID | None = None
        self.state: State[Any] | None = None
        self.started_at: datetime | None = None
        self.attempts = 0
        self.attempt = Attempt(0.0)
        self.told: dict[str, str] = {}

    def tell(self, sight: Observation) -> None:
        """Each tenant once, however often its wave is begun, and in whatever order they end then."""
        for tenant, said in sight.finished:
            if tenant not in self.told:
                progress.report_finished(tenant, said)
            self.told[tenant] = said


class Workers:
    """The workers of one work pool, for the waves of one kind of one run."""

    def __init__(
        self,
        wave: Flow[..., Any],
        pool: str,
        context: RunContext,
        watch: Callable[[Sequence[str]], None] | None,
        *,
        threads: int,
    ) -> None:
        self.wave, self.pool, self.context, self.watch, self.threads = wave, pool, context, watch, threads
        self.waves: list[Wave] = []
        self.own_id = UUID(str(runtime.flow_run.id))
        self.idle_since: float | None = None

    def run(self, calls: Sequence[Sequence[object]]) -> list[Wave]:
        """Each wave, at its end. Whatever ends this ends them too: they are cancelled."""
        self.waves = [Wave(number, arguments) for number, arguments in enumerate(calls, start=1)]
        try:
            for each in self.waves:
                self._begin(each)
            while self._under_way():
                time.sleep(POLL_SECONDS)
                self._look_if_answered()
        except BaseException:
            worker_runs.cancel_children(self.own_id)
            raise
        return self.waves

    def _under_way(self) -> list[Wave]:
        return [each for each in self.waves if each.state is None]

    def _begin(self, wave: Wave) -> None:
        wave.run_id = worker_runs.begin(self.wave, self.pool, wave.arguments, threads=self.threads)
        wave.attempts += 1
        wave.attempt = Attempt(time.monotonic())

    def _look_if_answered(self) -> None:
        """Where Prefect does not answer it is asked again: the waves go on meanwhile, and nobody can tell how."""
        try:
            self._look()
        except httpx.HTTPError as error:
            get_run_logger().warning("Prefect does not answer, and is asked again: %s", error)
            for each in self._under_way():
                each.attempt.excuse(time.monotonic())

    def _look(self) -> None:
        under_way = self._under_way()
        seen = worker_runs.look([self.own_id, *(each.run_id for each in under_way if each.run_id)])
        self._end_if_cancelled(seen)
        for each in under_way:
            self._judge(each, *seen.get(each.run_id or self.own_id, DELETED))
        self._say_if_nobody_works()
        if self.watch:
            self.watch([said for each in self.waves for said in each.told.values()])

    def _judge(self, wave: Wave, state: State[Any], sight: Observation) -> None:
        silence_seconds, now_seconds = self.context.environment.policy.waves.silence_seconds, time.monotonic()
        wave.attempt.see(sight, now_seconds)
        wave.started_at = wave.started_at or sight.started_at
        wave.tell(sight)
        if sight.stage is Stage.ENDED:
            wave.state = state
        elif sight.stage is Stage.CRASHED:
            self._again(wave, state)
        elif wave.run_id and wave.attempt.is_lost(silence_seconds, now_seconds):
            reason = f"no sign of life for {silence_seconds:g} s"
            self._again(wave, worker_runs.give_up(wave.run_id, reason))

    def _again(self, wave: Wave, state: State[Any]) -> None:
        said = f"wave {wave.number} was lost ({state.message})"
        if wave.attempts < MOST_ATTEMPTS:
            self._note(f"{said}, and is run again")
            self._begin(wave)
        else:
            self._note(f"{said}, as it was {MOST_ATTEMPTS} times, and is not run again")
            wave.state = state

    def _say_if_nobody_works(self) -> None:
        stages = {each.attempt.sight.stage for each in self._under_way()}
        if stages != {Stage.WAITING}:
            self.idle_since = None
        elif self.idle_since is None:
            self.idle_since = time.monotonic()
        elif time.monotonic() - self.idle_since > PATIENCE_SECONDS:
            self._note(f"no worker of the work pool {self.pool} takes up what is to be done; is one started?")
            self.idle_since = time.monotonic()

    def _note(self, said: str) -> None:
        get_run_logger().warning(said)
        progress.report_note(said)

    def _end_if_cancelled(self, seen: Mapping[UUID, tuple[State[Any], Observation]]) -> None:
        """In Prefect, where there may be no worker that would end this process: so it ends by itself."""
        state, _ = seen.get(self.own_id, DELETED)
        if state.type in {StateType.CANCELLING, StateType.CANCELLED}:
            worker_runs.confirm_cancellation(self.own_id)
            message = "it was cancelled in Prefect"
            raise Abort(message)
