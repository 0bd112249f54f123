"""Stops a wave on a worker when too many tenants of its ring have failed in other waves."""

import time
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import httpx
from prefect import runtime
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun

from pgfleet.tasks.support.current_run import is_in_parent_process

STOP_TAG = "stop"
CHECK_SECONDS = 1.0


def send_stop_signal(client: SyncPrefectClient, run: FlowRun) -> None:
    """Adds the stop tag to the flow run of a wave."""
    if STOP_TAG not in run.tags:
        client.update_flow_run(run.id, tags=[*run.tags, STOP_TAG])


def stop_signal() -> Callable[[], bool]:
    """A function that says whether the current wave must stop. It asks Prefect's API once in `CHECK_SECONDS` at most.

    A wave also stops if its parent took it for lost and marked its run as Crashed. A wave in the process of its parent
    never stops: the parent runs its waves one after another.
    """
    if is_in_parent_process():
        return lambda: False
    run_id, stopped, checked_at = UUID(str(runtime.flow_run.id)), False, 0.0

    def is_stopped() -> bool:
        nonlocal stopped, checked_at
        if not stopped and time.monotonic() - checked_at >= CHECK_SECONDS:
            checked_at = time.monotonic()
            with suppress(httpx.HTTPError), get_client(sync_client=True) as client:
                run = client.read_flow_run(run_id)
                stopped = STOP_TAG in run.tags or bool(run.state and run.state.is_crashed())
        return stopped

    return is_stopped
