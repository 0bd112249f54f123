"""How a wave on a worker learns that too many tenants of its ring have failed in other waves."""

from collections.abc import Callable
from uuid import UUID

from prefect.client.orchestration import get_client
from pydantic import TypeAdapter

from pgfleet.tasks.support.heartbeat import at_each_beat
from pgfleet.tasks.support.results import load_result, save_result

HALT = "halt"
"""The type of the artifact that a rollout leaves: the ring that is halted, and which beginning of the run says so."""
_HALT: TypeAdapter[tuple[str, int]] = TypeAdapter(tuple[str, int])


def halt(rollout: UUID, ring: str) -> None:
    """Within that rollout: tells the waves of the ring that are under way to begin no further tenant."""
    save_result((ring, _beginnings(rollout)), _HALT, f"Ring {ring} is halted", kind=HALT)


def at_halt(rollout: UUID, ring: str, close: Callable[[], None]) -> None:
    """Has `close` called when that rollout halts the ring, where the wave that this is called in runs on a worker.

    What it left before it was begun anew (a retry in Prefect) does not count.
    """
    beginnings: list[int] = []

    def look() -> None:
        beginnings[:] = beginnings or [_beginnings(rollout)]
        if load_result(rollout, _HALT, kind=HALT) == (ring, *beginnings):
            close()

    at_each_beat(look)


def _beginnings(rollout: UUID) -> int:
    with get_client(sync_client=True) as client:
        return client.read_flow_run(rollout).run_count
