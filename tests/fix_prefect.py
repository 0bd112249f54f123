"""A Prefect server of the session's own, and what it has recorded."""

import inspect
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from fix_servers import roomy_memory

from pgfleet.run.settings import SERVER

FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
TABLES = "tables.db"
LONGEST_DELAY_SECONDS = 30
LONGEST_START_SECONDS = 300
SPARE = {
    **SERVER,
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
    "PREFECT_SERVER_UI_ENABLED": "false",
    # Events are what task runs are recorded from; nothing here reads them again, and no automation waits for any.
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_SERVER_EVENTS_STREAM_OUT_ENABLED": "false",
}
"""What a server of these tests does without; Prefect's temporary server leaves its other services out too."""


def has_ended(run: dict[str, Any]) -> bool:
    return run["state_type"] in FINAL


@pytest.fixture(scope="session")
def prefect_api() -> Iterator[str]:
    """The address of its API, which this process uses from then on.

    Not by Prefect's own harness, which imports the whole server into this process too: that takes longer than starting
    one.
    """
    from prefect.settings import (
        PREFECT_API_URL,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
        PREFECT_SERVER_DATABASE_CONNECTION_URL,
        temporary_settings,
    )

    with roomy_memory(), tempfile.TemporaryDirectory(prefix="prefect-", ignore_cleanup_errors=True) as folder:
        database = f"sqlite+aiosqlite:///{folder}/prefect.db"
        with (
            temporary_settings({PREFECT_SERVER_DATABASE_CONNECTION_URL: database}),
            running_server({"PREFECT_SERVER_DATABASE_CONNECTION_URL": database, **SPARE}) as address,
            closing(sqlite3.connect(f"{folder}/prefect.db")) as made,
            closing(sqlite3.connect(f"{folder}/{TABLES}")) as copy,
            # Without heartbeats: at the end of each flow run Prefect waits up to a second for them.
            temporary_settings({PREFECT_API_URL: address, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
        ):
            made.backup(copy)
            yield address
            drain()


@pytest.fixture(scope="session")
def prefect_tables(prefect_api: str) -> Path:
    """A database of Prefect's with nothing in it, for a server of a test's own: making the tables takes long."""
    from prefect.settings import PREFECT_SERVER_DATABASE_CONNECTION_URL

    assert prefect_api
    return Path(PREFECT_SERVER_DATABASE_CONNECTION_URL.value().partition("///")[2]).with_name(TABLES)


@contextmanager
def running_server(variables: Mapping[str, str]) -> Iterator[str]:
    """A server's address, once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "--factory", "prefect.server.api.server:create_app"]
    options = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "error", "--lifespan", "on"]
    process = subprocess.Popen([*command, *options], env={**os.environ, **variables})
    try:
        wait_for(f"http://127.0.0.1:{port}/api", process)
        yield f"http://127.0.0.1:{port}/api"
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:  # its services may be long about their end, and nothing of theirs is kept
            process.kill()
            process.wait()


def wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    """It makes its tables first."""
    deadline = time.monotonic() + LONGEST_START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, f"Prefect's server ended with {process.returncode}"
        with suppress(httpx.TransportError):
            if httpx.get(f"{address}/health").is_success:
                return
        time.sleep(0.1)
    raise AssertionError(f"Prefect's server did not answer within {LONGEST_START_SECONDS} seconds")


def drain() -> None:
    """What this process still has to tell the server is told while there is one."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker
    from prefect.utilities.asyncutils import run_coro_as_sync

    async def drained() -> None:
        for result in (APILogWorker.instance().drain(), EventsWorker.drain_all()):
            if inspect.isawaitable(result):
                await result

    run_coro_as_sync(drained())


class Records:
    """Asks Prefect's API, as its web interface does."""

    def ask(self, path: str, **body: Any) -> Any:
        from prefect.client.orchestration import get_client

        with get_client(sync_client=True) as client:
            return client.request("POST", path, json=body).json()

    def artifact(self, key: str) -> dict[str, Any]:
        """The newest artifact of that key."""
        [found] = self.ask("/artifacts/filter", artifacts={"key": {"any_": [key]}}, sort="CREATED_DESC", limit=1)
        return found

    def artifacts(self) -> list[dict[str, Any]]:
        return self._all("/artifacts/filter", sort="CREATED_DESC")

    def logs(self) -> list[dict[str, Any]]:
        drain()
        return self._all("/logs/filter", sort="TIMESTAMP_ASC")

    def children(self, flow_run_id: str) -> list[dict[str, Any]]:
        """The flow runs that a flow run began."""
        return self.ask(
            "/flow_runs/filter", flow_runs={"parent_flow_run_id": {"any_": [flow_run_id]}}, sort="START_TIME_ASC"
        )

    def task_runs(self, flow_run_id: str) -> list[dict[str, Any]]:
        """Its task runs, once Prefect has written down how each ended.

        It takes their events in behind the run, in their order: when it knows of a task run that came after, it knows
        them all.
        """
        from prefect import task

        last = task(lambda: None, name="last")(return_state=True).state_details.task_run_id
        drain()
        self._task_runs(task_runs={"id": {"any_": [str(last)]}})
        return self._task_runs(flow_runs={"id": {"any_": [flow_run_id]}})

    def _task_runs(self, **filters: Any) -> list[dict[str, Any]]:
        """Once there are some, and each has ended."""
        deadline = time.monotonic() + LONGEST_DELAY_SECONDS
        while time.monotonic() < deadline:
            found = self._all("/task_runs/filter", **filters)
            if found and all(map(has_ended, found)):
                return found
            time.sleep(0.1)
        raise AssertionError(f"Prefect does not know the task runs of {filters}, or not how they ended")

    def _all(self, path: str, **body: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while page := self.ask(path, **body, limit=200, offset=len(found)):
            found += page
        return found


@pytest.fixture
def records(prefect_api: str) -> Records:
    return Records()
