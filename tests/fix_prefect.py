"""A Prefect server of the session's own, and what it has recorded."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL
from prefect.testing.utilities import prefect_test_harness

FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
LONGEST_DELAY_SECONDS = 30


def has_ended(run: dict[str, Any]) -> bool:
    return run["state_type"] in FINAL


@pytest.fixture(scope="session")
def prefect_api() -> Iterator[str]:
    """The address of the server's API. It takes longer to start on a small machine than the harness allows for."""
    with prefect_test_harness(server_startup_timeout=120):
        yield PREFECT_API_URL.value()


class Records:
    """Asks Prefect's API, as its web interface does."""

    def ask(self, path: str, **body: Any) -> Any:
        with get_client(sync_client=True) as client:
            return client.request("POST", path, json=body).json()

    def artifact(self, key: str) -> dict[str, Any]:
        """The newest artifact of that key."""
        [found] = self.ask("/artifacts/filter", artifacts={"key": {"any_": [key]}}, sort="CREATED_DESC", limit=1)
        return found

    def artifacts(self) -> list[dict[str, Any]]:
        return self._all("/artifacts/filter", sort="CREATED_DESC")

    def logs(self) -> list[dict[str, Any]]:
        return self._all("/logs/filter", sort="TIMESTAMP_ASC")

    def children(self, flow_run_id: str) -> list[dict[str, Any]]:
        """The flow runs that a flow run began."""
        return self.ask(
            "/flow_runs/filter", flow_runs={"parent_flow_run_id": {"any_": [flow_run_id]}}, sort="START_TIME_ASC"
        )

    def task_runs(self, flow_run_id: str) -> list[dict[str, Any]]:
        """Its task runs, once Prefect has written down how each ended: it takes their events in behind the run."""
        deadline = time.monotonic() + LONGEST_DELAY_SECONDS
        found, before = self._task_runs(flow_run_id), -1
        while (len(found) != before or not all(map(has_ended, found))) and time.monotonic() < deadline:
            time.sleep(0.3)
            found, before = self._task_runs(flow_run_id), len(found)
        return found

    def _task_runs(self, flow_run_id: str) -> list[dict[str, Any]]:
        return self._all("/task_runs/filter", flow_runs={"id": {"any_": [flow_run_id]}})

    def _all(self, path: str, **body: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while page := self.ask(path, **body, limit=200, offset=len(found)):
            found += page
        return found


@pytest.fixture
def records(prefect_api: str) -> Records:
    return Records()
