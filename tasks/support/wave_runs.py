"""Flow runs of waves on a work pool, through Prefect's API: started, observed, marked as crashed, and cancelled."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal, cast
from uuid import UUID

import httpx
from prefect import Flow, State
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import TERMINAL_STATES, FlowRun, StateType
from prefect.deployments import run_deployment
from prefect.states import Cancelled, Cancelling, Crashed

HEARTBEAT_SECONDS = 30
"""How often a wave sends Prefect's heartbeat: its minimum. The default of 180 is too slow for `worker_silence`."""
PAGE_SIZE = 100
"""How many runs one request is about; the API returns at most 200 objects."""


def start(wave: Flow[..., Any], pool: str, parameters: Mapping[str, object], *, threads: int) -> UUID:
    """Gives the wave to the work pool as a child of the current flow run, to work on `threads` tenants at once.

    Returns the new run's id. There is no idempotency key: a resumed run and a lost wave need new runs.
    """
    variables = {
        "PREFECT_TASKS_RUNNER_THREAD_POOL_MAX_WORKERS": str(threads),
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS),
    }
    name = f"{wave.name}/{pool}"
    run = run_deployment(name, parameters=dict(parameters), timeout=0, job_variables={"env": variables})
    return cast("FlowRun", run).id


def read_runs(run_ids: Sequence[UUID]) -> Mapping[UUID, FlowRun]:
    """The runs that exist. Raises httpx.HTTPError if Prefect does not answer."""
    found: dict[UUID, FlowRun] = {}
    with get_client(sync_client=True) as client:
        for start_at in range(0, len(run_ids), PAGE_SIZE):
            wanted = [str(each) for each in run_ids[start_at : start_at + PAGE_SIZE]]
            for each in _page(client, "flow_runs", {"id": {"any_": wanted}}):
                found[UUID(each["id"])] = FlowRun.model_validate(each)
    return found


def latest_heartbeat(run_id: UUID) -> str | None:
    """The id of the last heartbeat event of that run. Raises httpx.HTTPError."""
    wanted = {
        "event": {"name": ["prefect.flow-run.heartbeat"]},
        "resource": {"id": [f"prefect.flow-run.{run_id}"]},
        "order": "DESC",
    }
    with get_client(sync_client=True) as client:
        events = client.request("POST", "/events/filter", json={"filter": wanted, "limit": 1}).json()["events"]
    return next((str(each["id"]) for each in events), None)


def finished_task_runs(run_id: UUID, names: Iterable[str]) -> dict[str, str]:
    """The state names of a flow run's finished task runs, at most a page of those with the given names.

    Raises httpx.HTTPError.
    """
    wanted = {
        "name": {"any_": list(names)},
        "state": {"type": {"any_": [each.value for each in TERMINAL_STATES]}},
        "flow_run_id": {"any_": [str(run_id)]},
    }
    with get_client(sync_client=True) as client:
        return {each["name"]: each["state_name"] for each in _page(client, "task_runs", wanted)}


def mark_crashed(run_id: UUID, reason: str) -> State[Any]:
    """Marks a run as Crashed, and returns that state."""
    state: State[Any] = Crashed(message=reason)
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run_id, state, force=True)
    return state


def cancel_children(run_id: UUID) -> None:
    """Cancels the unfinished children of a run: their workers end those that run, and the others never start.

    The API lists the children, because the run may have been interrupted before it knew the id of a new one. Prefect
    marks as Cancelled a run that stays Cancelling because its worker is lost.
    """
    unfinished = {"type": {"any_": [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING]}}
    wanted = {"parent_flow_run_id": {"any_": [str(run_id)]}, "state": unfinished}
    with suppress(httpx.HTTPError), get_client(sync_client=True) as client:
        children: list[dict[str, Any]] = []
        while page := _page(client, "flow_runs", wanted, offset=len(children)):
            children += page
        for child in children:
            # A worker that is about to start a process overlooks Cancelling (Prefect 3.8).
            state = Cancelling if child["state_type"] == StateType.RUNNING else Cancelled
            client.set_flow_run_state(child["id"], state(message="The parent run has ended."))


def confirm_cancellation(run_id: UUID) -> None:
    """Marks a run that was Cancelling as Cancelled."""
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run_id, Cancelled(message="Its waves were cancelled."), force=True)


def _page(
    client: SyncPrefectClient, kind: Literal["flow_runs", "task_runs"], wanted: object, *, offset: int = 0
) -> list[dict[str, Any]]:
    path: Literal["/flow_runs/filter", "/task_runs/filter"] = f"/{kind}/filter"  # type: ignore[assignment]
    page: list[dict[str, Any]] = client.request("POST", path, json={kind: wanted, "offset": offset}).json()
    return page
