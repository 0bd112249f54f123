"""`pgfleet up`: from nothing to a run that was begun in the web interface, and nothing left behind."""

import os
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from fix_command import PGFLEET
from fix_fleet import Fleet
from fix_workers import family, free_port, until
from prefect.settings import PREFECT_SERVER_DATABASE_CONNECTION_URL

from flows.up import Choice, find_server
from pgfleet.errors import ConfigurationError
from pgfleet.shipped import sql_folder

LONGEST_END_SECONDS = 60
READY = "Prefect's web interface: "


class Up:
    """Runs the command as a process of its own, with a Prefect home of its own."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self.fleet, self.folder = fleet, folder
        self.processes: list[subprocess.Popen[str]] = []

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text(encoding="utf-8")

    def __call__(self, *options: str, **variables: str) -> "subprocess.Popen[str]":
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "PGFLEET_"))}
        own = {"PREFECT_HOME": str(self.home), "PGFLEET_MANIFEST": str(sql_folder() / "manifest.toml")}
        with (self.folder / "said").open("w") as said:
            process = subprocess.Popen(
                [PGFLEET, "--config", self.fleet.file, "up", *options],
                stderr=said,
                stdout=said,
                text=True,
                env={**inherited, **own, **variables},
                cwd=self.folder,
            )
        self.processes.append(process)
        return process

    def until_ready(self, process: "subprocess.Popen[str]") -> str:
        """The address of the web interface."""
        until(lambda: READY in self.said or process.poll() is not None)
        assert process.poll() is None, self.said
        return self.said.split(READY)[1].split()[0]


@pytest.fixture
def up(fleet: Fleet, tmp_path: Path) -> Iterator[Up]:
    fleet.environment = "up"
    fleet.policy('timezone = "Asia/Tokyo"')
    made = Up(fleet, tmp_path)
    yield made
    for process in made.processes:
        if process.poll() is None:
            for pid in reversed(family(process.pid)):
                os.kill(pid, signal.SIGKILL)
            process.wait()


def ask(method: str, url: str, body: Mapping[str, Any] | None = None) -> Any:
    return httpx.request(method, url, json=body, timeout=30).raise_for_status().json()


def test_on_a_fresh_machine_a_run_is_begun_from_the_form_and_nothing_is_left_behind(
    up: Up, ready_dsn: Callable[[], str], prefect_api: str
) -> None:
    """The tables of Prefect's database are the session's: making them is Prefect's affair, and takes long."""
    up.fleet.tenant("acme", ready_dsn())
    up.home.mkdir()
    made = PREFECT_SERVER_DATABASE_CONNECTION_URL.value().removeprefix("sqlite+aiosqlite:///")
    with closing(sqlite3.connect(made)) as source, closing(sqlite3.connect(up.home / "prefect.db")) as copy:
        source.backup(copy)
    process = up("--port", str(free_port()))
    api = f"{up.until_ready(process)}/api"
    assert "7 deployments on the work pool pgfleet: up" in up.said
    assert "automations: 6 made" in up.said
    assert "they notify nobody: Prefect has no notification block named pgfleet-alerts" in up.said
    nightly = ask("GET", f"{api}/deployments/name/audit/nightly-up")
    assert [each["schedule"]["timezone"] for each in nightly["schedules"]] == ["Asia/Tokyo"]
    nights = {
        "deployments": {"id": {"any_": [nightly["id"]]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
    }
    scheduled = until(lambda: ask("POST", f"{api}/flow_runs/filter", nights))
    assert {each["next_scheduled_start_time"][11:16] for each in scheduled} == {"17:00"}, "two o'clock in Tokyo"
    audit = ask("GET", f"{api}/deployments/name/audit/audit-up")
    run = ask("POST", f"{api}/deployments/{audit['id']}/create_flow_run", {"state": {"type": "SCHEDULED"}})
    state = until(lambda: ended(ask("GET", f"{api}/flow_runs/{run['id']}")))
    assert (state["name"], state["message"]) == ("Completed", "1 tenant: 1 ready")
    mine = family(process.pid)
    process.send_signal(signal.SIGINT)
    assert process.wait(LONGEST_END_SECONDS) == 0, up.said
    assert [pid for pid in mine if Path(f"/proc/{pid}").exists()] == []


def ended(run: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return run["state"] if run["state_type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"} else None


def choice(port: int, *, server: bool = True) -> Choice:
    return Choice(host="127.0.0.1", port=port, database=None, demo=False, limit=1, server=server)


def test_a_server_that_answers_is_used(prefect_api: str) -> None:
    port = int(prefect_api.removesuffix("/api").rpartition(":")[2])
    assert find_server(choice(free_port()), prefect_api) == (prefect_api, True)
    assert find_server(choice(port), None) == (prefect_api, True)


def test_where_none_answers_one_is_started_if_that_is_the_place() -> None:
    ours = choice(free_port())
    assert find_server(ours, None) == find_server(ours, ours.api) == (ours.api, False)
    with pytest.raises(ConfigurationError, match="--no-server: no Prefect server answers there"):
        find_server(choice(ours.port, server=False), None)
    with pytest.raises(ConfigurationError, match="PREFECT_API_URL: no Prefect server answers there"):
        find_server(ours, f"http://127.0.0.1:{free_port()}/api")


def test_a_port_that_somebody_else_has_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError) as raised:
            find_server(choice(port), None)
    said = f"--port: {port}: cannot be listened on (Address already in use), and no Prefect server answers there"
    assert str(raised.value) == f"{said}; choose another"
