"""Starts the processes that do the measured work, and Prefect's server for those that need one."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from benchmarks.fleets import Fleet
from benchmarks.meter import PREFECT_PID
from benchmarks.results import Figure
from pgfleet.run.settings import SERVER

START_SECONDS = 300.0
STOP_SECONDS = 60.0
NOTHING: Mapping[str, str] = {}


def figures(work: str, fleet: Fleet, variables: Mapping[str, str] = NOTHING) -> Iterator[Figure]:
    """Does the work in a new process, and passes on its figures. Raises CalledProcessError."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.works", work],
        env={**os.environ, **fleet.variables, **variables},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    with process:
        for line in process.stdout:
            yield report(Figure.model_validate_json(line))
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)


def flow_figures(work: str, fleet: Fleet) -> Iterator[Figure]:
    """The same on a Prefect server of its own, as pgfleet starts it, so that no work pays for what another left."""
    with prefect_server(SERVER) as variables:
        yield from figures(work, fleet, variables)


def report(figure: Figure) -> Figure:
    """Prints the figure on standard error, as progress."""
    seconds = f"{figure.seconds:8.2f} s" if figure.seconds is not None else f"{figure.round_trips} round trips"
    delay = f", {figure.delay_ms} ms" if figure.delay_ms is not None else ""
    print(f"… {figure.tenants:5} tenants{delay}  {figure.measure:34} {seconds}", file=sys.stderr, flush=True)
    return figure


@contextmanager
def prefect_server(settings: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """`prefect server start` with an empty SQLite database and these settings; the variables that lead to it."""
    with tempfile.TemporaryDirectory() as home:
        port = _free_port()
        own = {**_environment(), **settings, "PREFECT_HOME": home, "DO_NOT_TRACK": "1"}
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
        log = Path(home) / "server.log"
        with log.open("w") as output:
            server = subprocess.Popen(command, env=own, stdout=output, stderr=output)
        url = f"http://127.0.0.1:{port}/api"
        try:
            if not _answers(url, server):
                raise RuntimeError(f"Prefect's server did not start: {log.read_text(encoding='utf-8')}")
            yield {"PREFECT_API_URL": url, "PREFECT_HOME": home, "DO_NOT_TRACK": "1", PREFECT_PID: str(server.pid)}
        finally:
            server.terminate()
            server.wait(STOP_SECONDS)


def _environment() -> Mapping[str, str]:
    """The environment without the user's settings of Prefect, and without those of the Makefile."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _answers(url: str, server: "subprocess.Popen[bytes]") -> bool:
    """Whether the server answers; waits until it does, at most START_SECONDS, or until it has ended."""
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        with suppress(URLError, OSError), urlopen(Request(f"{url}/health"), timeout=5) as answer:
            answer.read()
            return True
        time.sleep(0.2)
    return False
