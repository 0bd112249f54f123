"""A progress artifact, kept up to date while a run is under way."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from typing import cast
from uuid import UUID

import httpx
from prefect.artifacts import create_progress_artifact, update_progress_artifact

from pgfleet.documents.plan import RolloutPlan
from pgfleet.judge.summary import tenant_count
from pgfleet.run.progress import listening

SHORTEST_PAUSE_SECONDS = 1.0


@contextmanager
def publishing_progress(key: str) -> Iterator[None]:
    """Within the block, an artifact shows how far the phase under way is; written at most once a second.

    By a thread of its own: an API that is slow to answer holds nobody up, and one that fails breaks nothing.
    """
    artifact = _Artifact(key)
    # With the context of this thread, or it would not know which Prefect is meant.
    thread = threading.Thread(target=copy_context().run, args=(artifact.go_on,), name="progress", daemon=True)
    thread.start()
    try:
        with listening(artifact):
            yield
    finally:
        artifact.ended.set()
        artifact.changed.set()
        thread.join()


class _Artifact:
    def __init__(self, key: str) -> None:
        self.artifact = cast("UUID", create_progress_artifact(0.0, key=key, description="begins"))
        self.phase, self.tenants, self.finished = "", 0, 0
        self.said = ""
        self.changed, self.ended = threading.Event(), threading.Event()

    def begin(self, phase: str, tenants: int) -> None:
        self.phase, self.tenants, self.finished = phase, tenants, 0

    def finish(self, _tenant: str, _said: str) -> None:
        self.finished += 1
        self._say(f"{self.finished} of {tenant_count(self.tenants)}")

    def plan(self, plan: RolloutPlan) -> None:
        """The plan has an artifact of its own."""

    def note(self, said: str) -> None:
        """Shown until the next tenant is through."""
        self._say(said)

    def go_on(self) -> None:
        """Writes what is new, until the block has ended and all is written."""
        while self.changed.wait():
            self.changed.clear()
            with suppress(httpx.HTTPError):
                self._write()
            if self.ended.wait(SHORTEST_PAUSE_SECONDS) and not self.changed.is_set():
                return

    def _say(self, said: str) -> None:
        self.said = f"{self.phase}: {said}"
        self.changed.set()

    def _write(self) -> None:
        share = 100 * min(1.0, self.finished / max(1, self.tenants))
        update_progress_artifact(self.artifact, share, description=self.said)
