"""Starts the processes that take the measures, and Prefect's server for those that need one."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from benchmarks.fleets import MANIFEST, Fleet
from benchmarks.results import Cost, Measure, Name
from pgfleet.run.settings import SERVER

START_SECONDS = 120.0
UNCHANGED_SECONDS = 4.0
"""Prefect's server writes events down behind the runs; when nothing has changed for so long, all are."""


def measure(name: Name, fleet: Fleet) -> Measure:
    """Takes a measure that needs no Prefect."""
    before = fleet.connections()
    [cost] = _costs(name, fleet, {})
    connections = fleet.connections() - before
    return Measure(name=name, tenants=len(fleet.names), connections=connections, **cost.model_dump())


def measure_flow(name: Name, fleet: Fleet, then: Name | None = None) -> list[Measure]:
    """Takes it on a Prefect server of its own; `then` is the name of the second that the same process takes."""
    with _prefect_server() as (environment, database):
        before, kib = fleet.connections(), _settled_kib(database)
        costs = _costs(name, fleet, environment)
        recorded_at = _recorded_at(environment["PREFECT_API_URL"])
        connections = fleet.connections() - before
        grown = _settled_kib(database) - kib if name is not Name.EMPTY_TASKS else None
    names = [name, *([then] if then else [])]
    return [
        Measure(
            name=each,
            tenants=len(fleet.names),
            connections=connections // len(names),
            prefect_kib=grown,
            recorded_seconds=None if then else cost.seconds + max(0.0, recorded_at - cost.ended_at),
            **dict(cost),
        )
        for each, cost in zip(names, costs, strict=True)
    ]


def _costs(name: Name, fleet: Fleet, environment: Mapping[str, str]) -> list[Cost]:
    files = {"PGFLEET_CONFIG": str(fleet.file), "PGFLEET_MANIFEST": str(MANIFEST)}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.works", name],
        env={**os.environ, **files, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [Cost.model_validate_json(line) for line in done.stdout.splitlines()]


@contextmanager
def _prefect_server() -> Iterator[tuple[dict[str, str], Path]]:
    """A server with an empty SQLite database; the variables that lead to it, and the database's file."""
    with tempfile.TemporaryDirectory() as home, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        own = {**SERVER, "PREFECT_HOME": home, "DO_NOT_TRACK": "1"}
        environment = {**own, "PREFECT_API_URL": f"http://127.0.0.1:{port}/api"}
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
        server = subprocess.Popen(
            command, env={**os.environ, **own}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait_until_it_answers(environment["PREFECT_API_URL"])
            yield environment, Path(home) / "prefect.db"
        finally:
            server.terminate()
            server.wait(60)


def _wait_until_it_answers(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urlopen(Request(f"{url}/health"), timeout=5) as answer:
                answer.read()
        except (URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def _recorded_at(url: str) -> float:
    """When the last task run was written down as ended, as a Unix time; known once no more are."""
    wanted = {"task_runs": {"state": {"type": {"any_": ["COMPLETED", "FAILED"]}}}}
    request = Request(f"{url}/task_runs/count", json.dumps(wanted).encode(), {"Content-Type": "application/json"})
    recorded, changed_at = -1, time.time()
    while time.time() - changed_at < UNCHANGED_SECONDS:
        with urlopen(request, timeout=60) as answer:
            found = json.load(answer)
        if found != recorded:
            recorded, changed_at = found, time.time()
        time.sleep(0.25)
    return changed_at


def _settled_kib(database: Path) -> int:
    """The size of Prefect's database, once it grows no more."""
    size, unchanged_since = -1, time.monotonic()
    while time.monotonic() - unchanged_since < UNCHANGED_SECONDS:
        now = sum(each.stat().st_size for each in database.parent.glob("prefect.db*") if each.suffix != ".db-shm")
        if now != size:
            size, unchanged_since = now, time.monotonic()
        time.sleep(0.5)
    return size // 1024
