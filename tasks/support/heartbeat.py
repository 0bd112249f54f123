"""The sign of life of a wave that a worker runs, by which its parent sees how far it is and that it is not lost."""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar, copy_context
from functools import wraps
from typing import ParamSpec, TypeVar, cast
from uuid import UUID

import httpx
from prefect.artifacts import Artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.client.schemas.objects import Artifact as ArtifactResponse
from prefect.client.schemas.objects import StateType
from prefect.context import FlowRunContext
from prefect.states import Cancelled
from pydantic import TypeAdapter

from pgfleet.documents.plan import RolloutPlan
from pgfleet.run.progress import listening

PULSE = "pulse"
"""The type of the artifact; it has no key, and stands on no page."""
Beat = tuple[int, tuple[tuple[str, str], ...]]
"""How many there were before, and the tenants that the wave is through with, each with what came of it in a word."""
BEAT: TypeAdapter[Beat] = TypeAdapter(Beat)
BEAT_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 3.0
"""Between two writes, where there is nothing new to be told."""
GRACE_SECONDS = 45.0
"""A worker ends a run that is being cancelled within half a minute; one that is dead does not."""

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class _Pulse:
    """Writes how far the run is, while it is; ends the process of a run that somebody else has given up."""

    def __init__(self, run_id: UUID) -> None:
        self.run_id = run_id
        self.finished: list[tuple[str, str]] = []
        self.beats, self.written, self.written_at = 0, -1, 0.0
        self.cancelling_since: float | None = None
        self.callbacks: list[Callable[[], None]] = []
        self.ended = threading.Event()
        artifact = Artifact(type=PULSE, description="How far this wave is", data=BEAT.dump_python(self._beat_now()))
        self.artifact_id = cast("ArtifactResponse", artifact.create()).id

    def begin(self, phase: str, tenants: int) -> None:
        """The parent knows its phases."""

    def finish(self, tenant: str, said: str) -> None:
        """Written with the next beat."""
        self.finished.append((tenant, str(said)))

    def plan(self, plan: RolloutPlan) -> None:
        """A wave makes none."""

    def note(self, said: str) -> None:
        """A wave has nobody to tell it to."""

    def go_on(self) -> None:
        """Beats until the wave has ended. Whatever fails is tried again: a pulse that stops reads as a lost wave."""
        while not self.ended.wait(BEAT_SECONDS):
            with suppress(Exception):
                self._beat()

    def _beat(self) -> None:
        for callback in self.callbacks:
            callback()
        is_due = time.monotonic() - self.written_at >= LONGEST_PAUSE_SECONDS
        if is_due:
            self._end_if_given_up()
        if is_due or self.written < len(self.finished):
            self.write()

    def write(self) -> None:
        """Another text each time."""
        self.beats, self.written, self.written_at = self.beats + 1, len(self.finished), time.monotonic()
        with get_client(sync_client=True) as client:
            # As JSON, which is what the first one was made into.
            client.update_artifact(self.artifact_id, ArtifactUpdate(data=BEAT.dump_json(self._beat_now()).decode()))

    def _beat_now(self) -> Beat:
        return self.beats, tuple(self.finished)

    def _end_if_given_up(self) -> None:
        """Not by an exception: what is under way must stop now, and the servers roll back what was not committed."""
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(self.run_id).state
            if state is None or state.type not in {StateType.CANCELLING, StateType.CANCELLED, StateType.CRASHED}:
                return
            if state.type is StateType.CANCELLING:
                self.cancelling_since = self.cancelling_since or time.monotonic()
                if time.monotonic() - self.cancelling_since < GRACE_SECONDS:
                    return
                client.set_flow_run_state(self.run_id, Cancelled(message="No worker was there to end it."), force=True)
        os._exit(1)


_pulse: ContextVar[_Pulse | None] = ContextVar("pulse", default=None)


def sending_heartbeats(wave: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """The same wave, which gives signs of life where it is a run of a deployment; nobody looks for them elsewhere."""

    @wraps(wave)
    def run(*arguments: Parameters.args, **named: Parameters.kwargs) -> Result:
        context = FlowRunContext.get()
        if context is None or context.flow_run is None or context.flow_run.deployment_id is None:
            return wave(*arguments, **named)
        pulse = _Pulse(context.flow_run.id)
        token = _pulse.set(pulse)
        # With the context of this thread, or it would not know which Prefect is meant.
        thread = threading.Thread(target=copy_context().run, args=(pulse.go_on,), daemon=True)
        thread.start()
        try:
            with listening(pulse):
                return wave(*arguments, **named)
        finally:
            _pulse.reset(token)
            pulse.ended.set()
            thread.join()
            with suppress(httpx.HTTPError):  # what the wave has left is there already
                pulse.write()

    return run


def is_within_a_run() -> bool:
    """Whether this is a wave in the process of the run that it belongs to, which goes on after it."""
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    return run is not None and run.parent_task_run_id is not None and run.deployment_id is None


def at_each_beat(callback: Callable[[], None]) -> None:
    """Has `callback` called every second or so while the wave that this is called in is under way on a worker."""
    if pulse := _pulse.get():
        pulse.callbacks.append(callback)
