"""Under `auto`, tenants that are as expected share task runs, others have their own, and Prefect gets few requests."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fixtures.fleet import ENVIRONMENT, Fleet
from fixtures.prefect import Records
from fixtures.servers import Server

from pgfleet.flows.audit import audit_fleet
from pgfleet.flows.rollout import rollout_fleet
from pgfleet.tasks.support.chunks import CHUNK_OF, listed_states

READY_TENANTS = 22
"""More than one task run covers, and than a small wave has."""
REQUESTS_PER_RUN, REQUESTS_PER_TENANT = 60, 3
DROP_INDEX = "DROP INDEX idx_ai_task_queue_status_schedule"


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The requests that this process sends to Prefect's API."""
    sent: list[str] = []
    send, send_async = httpx.HTTPTransport.handle_request, httpx.AsyncHTTPTransport.handle_async_request

    def counted(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        sent.append(f"{request.method} {request.url.path}")
        return send(self, request)

    async def counted_async(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        sent.append(f"{request.method} {request.url.path}")
        return await send_async(self, request)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", counted)
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", counted_async)
    return sent


def task_runs(records: Records, wave: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in records.task_runs(wave["id"])}


def covered(runs: dict[str, dict[str, Any]]) -> dict[str, str]:
    """The states of the tenants that shared task runs."""
    chunks = [each for name, each in runs.items() if CHUNK_OF in name]
    assert chunks
    return {tenant: state for each in chunks for tenant, state in listed_states(each["state"]["message"]).items()}


@pytest.mark.usefixtures("first_migration")
def test_audits_and_rollouts_record_what_is_worth_a_look_with_few_requests(
    fleet: Fleet,
    ready_dsn: Callable[[], str],
    new_dsn: Callable[[], str],
    embedded_server: Server,
    records: Records,
    requests: list[str],
) -> None:
    ready = {f"ready{number:02}": ready_dsn() for number in range(READY_TENANTS)}
    drifted = ready_dsn()
    embedded_server.execute(DROP_INDEX, drifted.rsplit("/", 1)[-1])
    tenants = {**ready, "ember": drifted, "nova": new_dsn(), "gone": "postgresql://x@127.0.0.1:1/gone"}
    fleet.policy("failure_budget = {main = 1}")
    for name, dsn in tenants.items():
        fleet.tenant(name, dsn)
    budget = REQUESTS_PER_RUN + REQUESTS_PER_TENANT * len(tenants)

    state = audit_fleet(ENVIRONMENT, return_state=True)
    assert (state.name, state.message) == ("Drifted, incomplete", "25 tenants: 22 ready, 2 blocked, 1 unreachable")
    assert len(requests) <= budget, requests
    [wave] = records.children(str(state.state_details.flow_run_id))
    runs = task_runs(records, wave)
    swept = {**dict.fromkeys(ready, "Ready"), "ember": "Blocked", "nova": "Blocked"}
    assert swept.items() <= covered(runs).items()
    states = {name: run["state"]["name"] for name, run in runs.items()}
    assert not [name for name in states if "· ready" in name or name.startswith("audit ready")]
    assert (states["audit ember"], states["audit gone"]) == ("Blocked", "Unreachable")
    assert states["verify 20250315 · ember"] == "Drifted"
    assert not [name for name in states if name.endswith("nova")], "it lacks migrations, and nothing drifted"

    requests.clear()
    first = rollout_fleet(ENVIRONMENT, yes=True, return_state=True)
    assert len(requests) <= budget, requests
    plan, ring = (task_runs(records, each) for each in records.children(str(first.state_details.flow_run_id)))
    assert swept.items() <= covered(plan).items()
    assert not [name for name in plan if name.endswith(("ember", "nova"))], "the plan says what they need"
    of_tenants = {name for name in ring if name.endswith(tuple(tenants))}
    own = {"migrate 20250315 · ember", "migrate 20250315 · nova"}
    assert of_tenants == {*(f"roll out {name}" for name in (*ready, "ember", "nova")), *own}, "others are adopted"

    again = rollout_fleet(ENVIRONMENT, yes=True, return_state=True)
    [plan] = (task_runs(records, each) for each in records.children(str(again.state_details.flow_run_id)))
    assert covered(plan).keys() >= ready.keys(), "the plan's audit is the only look at tenants with nothing to do"
    assert "25 tenants: 24 unchanged, 1 unreachable" in str(again.message)
