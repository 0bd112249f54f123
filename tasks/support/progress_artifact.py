"""A progress artifact that is updated while a run is in progress."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from typing import cast
from uuid import UUID

import httpx
from prefect.artifacts import create_progress_artifact, update_progress_artifact

from pgfleet.documents.rollout_plan import RolloutPlan
from pgfleet.hidden_characters import show_hidden
from pgfleet.judge.summary import tenant_count
from pgfleet.run.progress import listening

SHORTEST_PAUSE_SECONDS = 10.0
END_SECONDS = 2.0
"""How long the run waits for the last update."""


@contextmanager
def publishing_progress(key: str) -> Iterator[None]:
    """Within the block, an artifact shows the progress of the current phase; it is updated every ten seconds at most.

    A thread creates and updates it, so that a slow or failing API does not delay or fail the run.
    """
    artifact = _Artifact(key)
    # The context includes the Prefect settings.
    thread = threading.Thread(target=copy_context().run, args=(artifact.update,), name="progress", daemon=True)
    thread.start()
    try:
        with listening(artifact):
            yield
    finally:
        artifact.ended.set()
        artifact.changed.set()
        thread.join(END_SECONDS)


class _Artifact:
    def __init__(self, key: str) -> None:
        self.key, self.artifact = key, cast("UUID | None", None)
        self.phase, self.tenants, self.finished = "", 0, 0
        self.description = ""
        self.changed, self.ended = threading.Event(), threading.Event()

    def begin(self, phase: str, tenants: int) -> None:
        self.phase, self.tenants, self.finished = phase, tenants, 0
        self._describe(f"0 of {tenant_count(tenants)}")

    def finish(self, _tenant: str, _result: str) -> None:
        self.finished += 1
        self._describe(f"{self.finished} of {tenant_count(self.tenants)}")

    def step(self, work: str, done: int, total: int) -> None:
        """Shown until the next tenant has finished."""
        self._describe(f"{work}: {done} of {total}")

    def plan(self, plan: RolloutPlan) -> None:
        """The plan has an artifact of its own."""

    def note(self, message: str) -> None:
        """Shown until the next tenant has finished."""
        self._describe(message)

    def update(self) -> None:
        """Updates the artifact until the block has ended and the last change is written."""
        while self.changed.wait():
            self.changed.clear()
            with suppress(httpx.HTTPError):
                self._write()
            if self.ended.wait(SHORTEST_PAUSE_SECONDS) and not self.changed.is_set():
                return

    def _describe(self, text: str) -> None:
        self.description = show_hidden(f"{self.phase}: {text}")
        self.changed.set()

    def _write(self) -> None:
        share = 100 * min(1.0, self.finished / max(1, self.tenants))
        if self.artifact is None:
            created = create_progress_artifact(share, key=self.key, description=self.description)
            self.artifact = cast("UUID", created)
        else:
            update_progress_artifact(self.artifact, share, description=self.description)
