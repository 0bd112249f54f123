"""Turns off Prefect's heartbeats where nobody waits for them."""

from contextlib import AbstractContextManager, nullcontext

from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings


def without_heartbeats() -> AbstractContextManager[object]:
    """Within the block, flow runs send no heartbeats; with them, Prefect waits up to a second when a run ends.

    Prefect takes 50 ms to change a setting, so a setting that is right already is left alone.
    """
    if PREFECT_FLOWS_HEARTBEAT_FREQUENCY.value() is None:
        return nullcontext()
    return temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None})
