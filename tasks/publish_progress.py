"""A progress artifact, kept up to date while a run is under way."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from pgfleet.judge.document import TenantEntry
from pgfleet.judge.summary import counted
from pgfleet.progress import listening

SHORTEST_PAUSE_SECONDS = 1.0


@contextmanager
def publishing_progress(key: str, total_tenants: int) -> Iterator[None]:
    """Within the block, an artifact shows how many of the tenants are finished; written at most once a second."""
    artifact = cast("UUID", create_progress_artifact(0.0, key=key, description=f"0 of {counted(total_tenants)}"))
    finished, written_at = 0, time.monotonic()

    def advance(_tenant: TenantEntry) -> None:
        nonlocal finished, written_at
        finished += 1
        if finished == total_tenants or time.monotonic() - written_at >= SHORTEST_PAUSE_SECONDS:
            written_at = time.monotonic()
            said = f"{finished} of {counted(total_tenants)}"
            update_progress_artifact(artifact, 100 * finished / total_tenants, description=said)

    with listening(advance):
        yield
