"""A progress artifact, kept up to date while a run is under way."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from pgfleet.judge.summary import counted
from pgfleet.progress import listening
from pgfleet.rollout.plan import RolloutPlan

SHORTEST_PAUSE_SECONDS = 1.0


@contextmanager
def publishing_progress(key: str) -> Iterator[None]:
    """Within the block, an artifact shows how far the phase under way is; written at most once a second."""
    with listening(_Artifact(key)):
        yield


class _Artifact:
    def __init__(self, key: str) -> None:
        self.artifact = cast("UUID", create_progress_artifact(0.0, key=key, description="begins"))
        self.phase, self.tenants, self.finished, self.written_at = "", 0, 0, time.monotonic()

    def begin(self, phase: str, tenants: int) -> None:
        self.phase, self.tenants, self.finished = phase, tenants, 0

    def finish(self, _tenant: str, _said: str) -> None:
        self.finished += 1
        if self.finished == self.tenants or time.monotonic() - self.written_at >= SHORTEST_PAUSE_SECONDS:
            self.written_at = time.monotonic()
            share = 100 * min(1.0, self.finished / max(1, self.tenants))
            said = f"{self.phase}: {self.finished} of {counted(self.tenants)}"
            update_progress_artifact(self.artifact, share, description=said)

    def plan(self, plan: RolloutPlan) -> None:
        """The plan has an artifact of its own."""

    def note(self, said: str) -> None:
        """Shown until the next tenant is through."""
        share = 100 * min(1.0, self.finished / max(1, self.tenants))
        update_progress_artifact(self.artifact, share, description=f"{self.phase}: {said}")
