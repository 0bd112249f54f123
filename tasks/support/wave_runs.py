"""Flow runs of waves on a work pool, through Prefect's API."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, cast
from uuid import UUID

import httpx
from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, TaskRunFilter
from prefect.client.schemas.objects import TERMINAL_STATES, FlowRun, StateType, TaskRun
from prefect.deployments import run_deployment
from prefect.states import Cancelled, Cancelling

from pgfleet.run.interruption import shielded
from pgfleet.tasks.support.chunks import CHUNK_OF, listed_states

HEARTBEAT_SECONDS = 30
"""How often a wave sends Prefect's heartbeat: its minimum. The default of 180 is too slow for `worker_silence`."""
PAGE_SIZE = 100
"""How many runs one request is about; the API returns at most 200."""


def start(wave: Flow[..., Any], pool: str, parameters: Mapping[str, object]) -> UUID:
    """Gives the wave to the work pool as a child of the current flow run.

    Returns the new run's id. There is no idempotency key: a resumed run and a lost wave need new runs.
    """
    variables = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS)}
    name = f"{wave.name}/{pool}"
    run = run_deployment(name, parameters=dict(parameters), timeout=0, job_variables={"env": variables})
    return cast("FlowRun", run).id


def read_runs(client: SyncPrefectClient, run_ids: Sequence[UUID]) -> Mapping[UUID, FlowRun]:
    """Those of the runs that exist."""
    found: list[FlowRun] = []
    for first in range(0, len(run_ids), PAGE_SIZE):
        wanted = {"id": {"any_": run_ids[first : first + PAGE_SIZE]}}
        found += client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(wanted))
    return {each.id: each for each in found}


def latest_heartbeat(client: SyncPrefectClient, run_id: UUID) -> str | None:
    """The id of the run's latest heartbeat event."""
    resource = {"id": [f"prefect.flow-run.{run_id}"]}
    wanted = {"event": {"name": ["prefect.flow-run.heartbeat"]}, "resource": resource, "order": "DESC"}
    events = client.request("POST", "/events/filter", json={"filter": wanted, "limit": 1}).json()["events"]
    return next((str(each["id"]) for each in events), None)


def finished_tenants(client: SyncPrefectClient, run_id: UUID, task_runs: Mapping[str, str]) -> dict[str, str]:
    """The state names of the run's finished tenants, given the tenants by the names of their task runs.

    Tenants that share task runs are included. Each kind is limited to 200 task runs.
    """
    shared = _finished_task_runs(client, run_id, {"like_": CHUNK_OF})
    listed = [listed_states(each.state.message) for each in shared if each.state and each.state.message]
    swept = {tenant: state for states in listed for tenant, state in states.items() if tenant in task_runs.values()}
    own = _finished_task_runs(client, run_id, {"any_": list(task_runs)})
    return swept | {task_runs[each.name]: each.state_name or "" for each in own}


def _finished_task_runs(client: SyncPrefectClient, run_id: UUID, name: Mapping[str, object]) -> list[TaskRun]:
    state = {"type": {"any_": list(TERMINAL_STATES)}}
    wanted = {"flow_run_id": {"any_": [run_id]}, "name": name, "state": state}
    return client.read_task_runs(task_run_filter=TaskRunFilter.model_validate(wanted))


def cancel_children(run_id: UUID) -> None:
    """Cancels the unfinished children of a run: their workers end those that run, and the others never start.

    The API lists the children, because the run may have been interrupted before it knew the id of a new one. Prefect
    marks as Cancelled a run that stays Cancelling because its worker is lost.
    """
    unfinished = {"type": {"any_": [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING]}}
    wanted = FlowRunFilter.model_validate({"parent_flow_run_id": {"any_": [run_id]}, "state": unfinished})
    with shielded(), suppress(httpx.HTTPError), get_client(sync_client=True) as client:
        children: list[FlowRun] = []
        while page := client.read_flow_runs(flow_run_filter=wanted, offset=len(children)):
            children += page
        for each in children:
            # A worker that is about to start a process overlooks Cancelling (Prefect 3.8).
            state = Cancelling if each.state_type is StateType.RUNNING else Cancelled
            client.set_flow_run_state(each.id, state(message="The parent run has ended."))
