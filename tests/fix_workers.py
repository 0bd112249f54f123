"""A Prefect server on PostgreSQL and workers, each a process of its own as they are elsewhere."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from fix_prefect import FINAL
from fix_servers import Server
from prefect.client.orchestration import get_client
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.workers.process import ProcessWorker

from pgfleet.run.settings import SERVER
from pgfleet.run.shipped import sql_folder

BIN = Path(sys.executable).parent
POOL = "pgfleet-test"
DEPLOYMENTS = Path(__file__).parents[1] / "deployments" / "waves.yaml"
LONGEST_START_SECONDS = 180
"""On a machine that has much else to do."""
QUICKLY = {
    **SERVER,
    "PREFECT_WORKER_QUERY_SECONDS": "1",
    "PREFECT_WORKER_PREFETCH_SECONDS": "1",
    "DO_NOT_TRACK": "1",
}


def until(done: Callable[[], Any], seconds: float = 240) -> Any:
    """What `done` returns as soon as that is anything; fails if it never is."""
    deadline = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.2)
    return found


def family(pid: int) -> list[int]:
    """The process and all that descend from it."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended meanwhile
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


def kill_family(process: "subprocess.Popen[Any]") -> None:
    """The parent first, so that it does not notice what becomes of its children."""
    for pid in family(process.pid) if process.poll() is None else ():
        with suppress(ProcessLookupError):  # ended since it was listed
            os.kill(pid, signal.SIGKILL)
    process.wait()


class Workers:
    """A Prefect server at `url`, and workers of its work pool."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.fleet_file = folder / "fleet.toml"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def environment(self) -> dict[str, str]:
        files = {"PGFLEET_CONFIG": str(self.fleet_file), "PGFLEET_MANIFEST": str(sql_folder() / "manifest.toml")}
        return {**os.environ, **QUICKLY, **files, "PREFECT_API_URL": self.url}

    def start(self, name: str) -> None:
        """A worker that takes one wave at a time."""
        arguments = ["worker", "start", "--type", "process", "--pool", POOL, "--name", name, "--limit", "1"]
        self.processes[name] = self.spawn(name, "prefect", *arguments)

    def spawn(self, name: str, program: str, *arguments: str, **extra: str) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [BIN / program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**self.environment, **extra},
                cwd=self.folder,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """As if its machine were gone: the worker and the run that it has begun."""
        kill_family(self.processes.pop(name))

    def ask(self, path: str, **body: Any) -> Any:
        with get_client(sync_client=True) as client:
            return client.request("POST", path, json=body).json()

    def children(self, run_id: object) -> list[dict[str, Any]]:
        """The runs that a run has begun, in that order."""
        wanted = {"parent_flow_run_id": {"any_": [str(run_id)]}}
        found: list[dict[str, Any]] = self.ask("/flow_runs/filter", flow_runs=wanted)
        return sorted(found, key=lambda each: str(each["created"]))

    def newest(self, flow: str) -> str | None:
        """The id of the run of that flow which was begun last."""
        wanted = {"name": {"any_": [flow]}}
        found = self.ask("/flow_runs/filter", flows=wanted, sort="EXPECTED_START_TIME_DESC", limit=1)
        return found[0]["id"] if found else None

    def ended(self, run_id: object) -> str | None:
        """The type of state in which the run ended; None while it has not."""
        [found] = self.ask("/flow_runs/filter", flow_runs={"id": {"any_": [str(run_id)]}})
        return found["state_type"] if found["state_type"] in FINAL else None

    def took_up(self, run: dict[str, Any]) -> str:
        """The name of the worker that took that run up: each says in its log what it does."""
        refused = f"Aborted submission of flow run '{run['id']}'"
        logs = {each: self.log(each) for each in ("one", "two")}
        [name] = [each for each, log in logs.items() if run["id"] in log and refused not in log]
        return name

    def log(self, name: str) -> str:
        file = self.folder / f"{name}.log"
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=2).is_success
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def workers(embedded_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """Two workers, `one` and `two`; within the module, this process uses their server too."""
    database = embedded_server.create_database()
    embedded_server.execute("CREATE EXTENSION pg_trgm", database)  # Prefect's server asks for it
    dsn = embedded_server.cluster.dsn(database).replace("postgresql:", "postgresql+asyncpg:")
    port = free_port()
    found = Workers(f"http://127.0.0.1:{port}/api", tmp_path_factory.mktemp("workers"))
    with ExitStack() as stack:
        started = ("server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui")
        server = found.spawn("server", "prefect", *started, PREFECT_SERVER_DATABASE_CONNECTION_URL=dsn)
        stack.callback(kill_family, server)
        until(lambda: answers(found.url), LONGEST_START_SECONDS)
        drain()
        stack.enter_context(temporary_settings({PREFECT_API_URL: found.url}))
        stack.callback(drain)
        with get_client(sync_client=True) as client:
            pool = {"name": POOL, "type": "process", "base_job_template": job_template()}
            client.request("POST", "/work_pools/", json=pool)
        deploy = ("--no-prompt", "deploy", "--all", "--prefect-file", str(DEPLOYMENTS))
        deploying = found.spawn("deploy", "prefect", *deploy, PGFLEET_WORK_POOL=POOL)
        stack.callback(kill_family, deploying)
        for name in ("one", "two"):
            found.start(name)
        stack.callback(lambda: [found.kill(name) for name in list(found.processes)])
        assert deploying.wait(LONGEST_START_SECONDS) == 0, (found.folder / "deploy.log").read_text()
        yield found


def drain() -> None:
    """Has sent what is still to be sent to Prefect, before there is another one to send to, or none."""
    for service in (EventsWorker, APILogWorker):
        service.drain_all(timeout=60)


def job_template() -> dict[str, Any]:
    """That of every process work pool, less the second Python that it starts for each run."""
    template = ProcessWorker.get_default_base_job_template()
    template["variables"]["properties"]["command"]["default"] = f"{sys.executable} -m prefect.engine"
    return template
