"""`pgfleet up`: a Prefect server, a worker, deployments and automations for a machine of one's own."""

import os
import shlex
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import httpx
from rich.console import Console

from pgfleet.cli.child_processes import Children
from pgfleet.cli.demo import make_fleet
from pgfleet.cli.deploy import set_up
from pgfleet.errors import ConfigurationError, PgfleetError
from pgfleet.fleet.file import FleetDocument
from pgfleet.postgres.embedded.binaries import embedded_binaries
from pgfleet.postgres.embedded.cluster import Cluster
from pgfleet.postgres.embedded.demo_fleet import REPORTS
from pgfleet.run import files, settings

ENDED = 1
POOL = "pgfleet"
SERVER = {
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    # Where it was loaded from: Prefect has it ask port 4200 of this machine, whatever the server listens on.
    "PREFECT_UI_API_URL": "/api",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
}
STOPPING = "stopping: runs under way have half a minute to end; Ctrl-C ends them at once"
LONGEST_START_SECONDS = 300.0
"""A server makes its tables first, which takes a small machine long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was asked for: where the server listens and keeps its data, and how many runs there may be at once."""

    host: str
    port: int
    database: str | None
    demo: bool
    limit: int
    server: bool

    @property
    def api(self) -> str:
        """Where a server of ours answers."""
        return f"{self.at(self.port)}/api"

    def at(self, port: int) -> str:
        """What listens there, as it is called from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104  # compared, not bound
        return f"http://{host}:{port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """The pages that runs of the demo keep: in that folder, and to be seen at that port."""

    folder: Path
    port: int


def run_up(choice: Choice) -> int:
    """Stays until it is interrupted (0) or one of its processes dies (1). Raises ConfigurationError, PgfleetError."""
    settings.prepare_prefect()
    console = Console(stderr=True, highlight=False)
    database = server_database(choice.database)
    _refuse_host(choice.host)
    with _terminated(), suppress(KeyboardInterrupt), ExitStack() as stack:
        fleet, reports = _fleet(choice, stack, console)
        console.print("starting Prefect …")
        from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings  # noqa: PLC0415

        api, is_there = find_server(choice, PREFECT_API_URL.value())
        children = stack.enter_context(Children(PREFECT_HOME.value() / "pgfleet-up"))
        stack.callback(console.print, STOPPING)
        if not is_there:
            _start_server(children, choice, database, console)
        with temporary_settings({PREFECT_API_URL: api}):
            set_up(fleet, POOL, _job_variables(), console)
        _start_worker(children, choice, api)
        console.print(f"\n[bold]Prefect's web interface: {api.removesuffix('/api')}[/bold]", soft_wrap=True)
        if reports:
            _serve_reports(children, choice, reports)
            console.print(f"the pages of its runs: {choice.at(reports.port)}", soft_wrap=True)
        console.print(f"logs: {children.folder}; Ctrl-C stops everything", style="dim", soft_wrap=True)
        console.print(f"pgfleet: {children.wait()}", soft_wrap=True)
        return ENDED
    return 0


def server_database(url: str | None) -> str | None:
    """The address of the server's database as Prefect wants it. Raises ConfigurationError, which does not repeat it."""
    if url is None:
        return None
    scheme, mark, rest = url.partition("://")
    known = {"postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
    driver = known.get(scheme, scheme)
    if not mark or driver not in {"postgresql+asyncpg", "sqlite+aiosqlite"}:
        raise ConfigurationError("--database", "", "is no postgresql:// URL")
    return f"{driver}://{rest}"


def _fleet(choice: Choice, stack: ExitStack, console: Console) -> tuple[FleetDocument, Reports | None]:
    """The fleet file's; the demo's, made on the spot, where that is asked for or where there is no fleet file."""
    file, reports = settings.Settings().config, None
    if choice.demo or (not file.exists() and not settings.names_fleet_file()):
        console.print("a fleet made on the spot: starting an embedded PostgreSQL …")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pgfleet-demo-")))
        cluster = stack.enter_context(Cluster.temporary(embedded_binaries()))
        reports = Reports(folder=folder / REPORTS, port=_free_port(choice))
        make_fleet(cluster, folder, console, choice.at(reports.port))
        file = folder / "fleet.toml"
    settings.use(config=file)  # absolute: runs begin elsewhere
    return files.load_fleet(file), reports


def _refuse_host(host: str) -> None:
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        raise ConfigurationError("--host", host, "is no address and no name that is known here") from None


def _free_port(choice: Choice) -> int:
    """That behind the server's own, or else any."""
    for port in (choice.port + 1, 0):
        with suppress(OSError, OverflowError), socket.create_server((choice.host, port)) as probe:
            return int(probe.getsockname()[1])
    raise ConfigurationError("--host", choice.host, "cannot be listened on; choose another")


def find_server(choice: Choice, named: str | None) -> tuple[str, bool]:
    """The API's address, `named` or ours, and whether a server answers there already. Raises ConfigurationError."""
    api = named or choice.api
    if _answers(api):
        return api, True
    if not choice.server or api != choice.api:
        whose = "PREFECT_API_URL" if named else "--no-server"
        raise ConfigurationError(whose, "", f"no Prefect server answers at {api}; start it, or leave that away")
    try:
        with socket.create_server((choice.host, choice.port)):
            return api, False
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        problem = f"cannot be listened on ({reason}), and no Prefect server answers there; choose another"
        raise ConfigurationError("--port", str(choice.port), problem) from None


def _answers(api: str) -> bool:
    try:
        return httpx.get(f"{api}/health", timeout=2).json() is True
    except (httpx.HTTPError, ValueError):
        return False


def _start_server(children: Children, choice: Choice, database: str | None, console: Console) -> None:
    command = [*_prefect(), "server", "start", "--host", choice.host, "--port", str(choice.port)]
    own = {
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_UI_URL": choice.api.removesuffix("/api"),
        **SERVER,
    }
    if database:
        own["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = database
    children.start("Prefect's server", command, {**settings.variables(), **own}, log="server.log")
    with console.status("Prefect's server makes its tables, the first time for half a minute"):
        said = children.wait_until(lambda: _answers(choice.api), LONGEST_START_SECONDS)
    if said:
        raise PgfleetError(f"Prefect's server did not start: {said}")
    console.print(f"Prefect's server answers at {choice.api}", soft_wrap=True)


def _start_worker(children: Children, choice: Choice, api: str) -> None:
    command = [*_prefect(), "worker", "start", "--type", "process", "--pool", POOL, "--limit", str(choice.limit)]
    own = {"PREFECT_API_URL": api, "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO"}
    children.start("the worker", command, {**settings.WORKER, **settings.variables(), **own}, log="worker.log")


def _serve_reports(children: Children, choice: Choice, reports: Reports) -> None:
    reports.folder.mkdir()
    options = ["--bind", choice.host, "--directory", str(reports.folder)]
    command = [sys.executable, "-m", "http.server", str(reports.port), *options]
    children.start("the server of the pages", command, settings.variables(), log="pages.log")


def _prefect() -> list[str]:
    return [sys.executable, "-m", "prefect"]


def _job_variables() -> Mapping[str, str]:
    """Of runs on this machine: this Python, and this folder, which relative paths in the fleet file are from."""
    return {"command": shlex.join([sys.executable, "-m", "prefect.engine"]), "working_dir": str(Path.cwd())}


@contextmanager
def _terminated() -> Iterator[None]:
    """Within the block SIGTERM is as Ctrl-C, which is heard even where whoever began us lets it be ignored."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {each: signal.signal(each, interrupt) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
