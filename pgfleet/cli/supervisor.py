"""`pgfleet up`: Prefect's server, a worker, the deployments, and the automations, on this machine."""

import os
import secrets
import shlex
import socket
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console

from pgfleet.cli import report_server
from pgfleet.cli.access import Access, is_own_port
from pgfleet.cli.child_processes import Children
from pgfleet.cli.demo import make_fleet
from pgfleet.cli.run_flow import prefect_errors
from pgfleet.errors import ConfigurationError, PgfleetError
from pgfleet.fleet.file import FleetDocument
from pgfleet.postgres.embedded.binaries import embedded_binaries
from pgfleet.postgres.embedded.cluster import Cluster
from pgfleet.postgres.embedded.demo_fleet import REPORTS
from pgfleet.postgres.embedded.kept_cluster import KeptCluster
from pgfleet.run import files, settings
from pgfleet.run.interruption import cleaned_up_by
from pgfleet.run.manifest_file import choose_manifest
from pgfleet.run.shipped import deployments_folder

ENDED = 1
POOL = "pgfleet"
PREFECT = (sys.executable, "-m", "prefect")
STOPPING = "stopping: runs in progress are ended"
AS_ROOT = "warning: running as root: every run has root's rights on this machine; use an account of its own"
RUN_PATIENCE_SECONDS = 2.5
"""How long runs in progress get to end when `up` is stopped. What they have not committed is rolled back."""
START_TIMEOUT_SECONDS = 300.0
"""The server's first start creates its tables, which takes long on a small machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of `pgfleet up`: where the server listens and keeps its data, and how many runs there may be."""

    host: str
    port: int
    database: str | None = None
    sqlite: bool = False
    demo: bool = False
    limit: int = 1
    server: bool = True

    @property
    def api(self) -> str:
        """The URL of our server's API."""
        return f"{self.at(self.port)}/api"

    def at(self, port: int) -> str:
        """The URL of a port that we listen on, as seen from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104  # compared, not bound
        return f"http://{host}:{port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """The HTML pages of the demo's runs: their folder, and the port and the secret of their address."""

    folder: Path
    port: int
    key: str

    @property
    def url(self) -> str:
        """Where a browser on this machine finds them."""
        return f"http://{report_server.ADDRESS}:{self.port}/{self.key}/"


def supervise(options: Options) -> int:
    """Runs until it is interrupted (0) or one of its processes ends (1). Raises ConfigurationError, PgfleetError."""
    settings.prepare_prefect()
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if os.geteuid() == 0:
        console.print(AS_ROOT, style="yellow")
    database = server_database(options.database)
    _check_host(options.host)
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        fleet, pages = _load_fleet(options, stack, console)
        console.print("starting Prefect …")
        from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, PREFECT_HOME, temporary_settings

        from pgfleet.cli.first_audits import explain, start_first_audits

        api, is_running = find_server(options, PREFECT_API_URL.value())
        if not (is_running or options.sqlite or database or _has_database()):
            cluster = stack.enter_context(
                KeptCluster(settings.Settings().state_folder / "prefect-server", embedded_binaries())
            )
            database = server_database(cluster.dsn())
        children = stack.enter_context(Children(PREFECT_HOME.value() / "pgfleet-up"))
        stack.enter_context(cleaned_up_by(children.kill))
        stack.callback(console.print, STOPPING)
        access = Access.of(PREFECT_HOME.value() / "pgfleet-up" / "key", is_ours=api == options.api)
        if not is_running:
            _start_server(children, options, database, access, console)
        with temporary_settings({PREFECT_API_URL: api, PREFECT_API_AUTH_STRING: access.key}), prefect_errors():
            _set_up(fleet, console, api.removesuffix("/api"), is_ours=not is_running)
            started = start_first_audits(fleet.environments, is_demo=pages is not None)
        if pages:
            _serve_pages(children, pages, console)
        _start_worker(children, options, {"PREFECT_API_URL": api, **access.client_variables})
        console.print(f"\n[bold]Prefect's web interface: {api.removesuffix('/api')}[/bold]")
        access.explain(console, api)
        explain(started, fleet.environments, api.removesuffix("/api"), console)
        console.print(f"logs: {children.folder}; Ctrl-C stops everything", style="dim")
        console.print(f"pgfleet: {children.wait()}")
        return ENDED
    return 0


def server_database(url: str | None) -> str | None:
    """The URL of the server's database with the driver that Prefect uses. Raises ConfigurationError without the URL."""
    if url is None:
        return None
    scheme, mark, rest = url.partition("://")
    driver = {"postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}.get(scheme, scheme)
    if not mark or driver not in {"postgresql+asyncpg", "sqlite+aiosqlite"}:
        raise ConfigurationError("--database", "", "must be a postgresql:// URL")
    return f"{driver}://{rest}"


def _has_database() -> bool:
    """Whether the user chose the server's database in the environment or in the profile of Prefect."""
    from prefect.settings import get_current_settings

    return bool(get_current_settings().server.database.model_fields_set & {"connection_url", "host"})


def _load_fleet(options: Options, stack: ExitStack, console: Console) -> tuple[FleetDocument, Pages | None]:
    """The fleet, and its HTML pages if it is the demo's, which is created here."""
    file, pages = settings.Settings().config, None
    if options.demo or (not file.exists() and not settings.names_fleet_file()):
        console.print("creating a demo fleet: starting an embedded PostgreSQL …")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pgfleet-demo-")))
        cluster = stack.enter_context(Cluster.temporary(embedded_binaries()))
        pages = Pages(folder=folder / REPORTS, port=_free_port(options), key=secrets.token_urlsafe(12))
        make_fleet(cluster, folder, console, pages.url)
        file = folder / "fleet.toml"
    settings.use(config=file)  # as an absolute path: runs start in other folders
    fleet = files.load_fleet(file)
    choose_manifest(settings.Settings(), fleet)  # every run would fail without one
    return fleet, pages


def _check_host(host: str) -> None:
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        raise ConfigurationError("--host", host, "is not an address or a known host name") from None


def _free_port(options: Options) -> int:
    """The port after the server's own, or else any."""
    for port in (options.port + 1, 0):
        with suppress(OSError, OverflowError), socket.create_server((report_server.ADDRESS, port)) as probe:
            return int(probe.getsockname()[1])
    raise ConfigurationError("--port", str(options.port), "no port is free on 127.0.0.1")


def find_server(options: Options, named: str | None) -> tuple[str, bool]:
    """The URL of the API, `named` or ours, and whether a server answers there. Raises ConfigurationError."""
    api = named or options.api
    if _answers(api):
        if not named and not is_own_port(options.port):
            problem = "a server of another user answers there; choose another, or set PREFECT_API_URL to use it"
            raise ConfigurationError("--port", str(options.port), problem)
        return api, True
    if not options.server or api != options.api:
        key = "PREFECT_API_URL" if named else "--no-server"
        raise ConfigurationError(key, "", f"no Prefect server answers at {api}; start it, or remove this setting")
    try:
        with socket.create_server((options.host, options.port)):
            return api, False
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        problem = f"is not available ({reason}), and no Prefect server answers there; choose another"
        raise ConfigurationError("--port", str(options.port), problem) from None


def _answers(api: str) -> bool:
    try:
        return httpx.get(f"{api}/health", timeout=2).json() is True
    except (httpx.HTTPError, ValueError):
        return False


def _start_server(children: Children, options: Options, database: str | None, access: Access, console: Console) -> None:
    command = [sys.executable, "-m", "pgfleet.cli.prefect_server", options.host, str(options.port)]
    own = {
        **access.server_variables,
        # The web interface is served from the same address, so no other origin needs the API.
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": options.api.removesuffix("/api"),
        "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
        "PREFECT_SERVER_API_HOST": options.host,
        "PREFECT_SERVER_API_PORT": str(options.port),
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_UI_URL": options.api.removesuffix("/api"),
        # Relative to the page: by default it is port 4200 of this machine, whatever port the server listens on.
        "PREFECT_UI_API_URL": "/api",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    }
    if database:
        own["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = database
    children.start("Prefect's server", command, {**settings.variables(), **own}, log="server.log")
    with console.status("starting Prefect's server; the first start creates its tables, which takes half a minute"):
        problem = children.wait_until(lambda: _answers(options.api), START_TIMEOUT_SECONDS)
    if problem:
        raise PgfleetError(f"Prefect's server did not start: {problem}")
    console.print(f"Prefect's server answers at {options.api}")


def _set_up(fleet: FleetDocument, console: Console, page: str, *, is_ours: bool) -> None:
    """Creates or updates the work pool, the deployments, and the automations.

    On our own server, the work pool allows no run to choose its command, environment, or folder.
    """
    from pgfleet.cli.automations import apply_automation_file
    from pgfleet.cli.deploy import deploy, deployments_of_fleet, ensure_pool, fixed_template

    # Runs use this Python, and this folder as the base of relative paths in the fleet file.
    command = shlex.join([sys.executable, "-m", "prefect.engine"])
    job_variables = {"command": command, "working_dir": str(Path.cwd())}
    ensure_pool(POOL, fixed_template(job_variables), replace=is_ours)
    deployed = [deploy(each, POOL, job_variables) for each in deployments_of_fleet(fleet, POOL)]
    console.print(f"{len(deployed)} deployments on the work pool {POOL}: {', '.join(fleet.environments)}")
    apply_automation_file(deployments_folder() / "automations.yaml", console, page)


def _start_worker(children: Children, options: Options, access: Mapping[str, str]) -> None:
    command = [*PREFECT, "worker", "start", "--type", "process", "--pool", POOL, "--limit", str(options.limit)]
    own = {**access, "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO"}
    variables = {**settings.WORKER, **settings.variables(), **own}
    children.start("the worker", command, variables, log="worker.log", patience_seconds=RUN_PATIENCE_SECONDS)


def _serve_pages(children: Children, pages: Pages, console: Console) -> None:
    pages.folder.mkdir(mode=0o700)  # before the first run writes there
    console.print(f"HTML reports of its runs: {pages.url}")
    command = [sys.executable, "-m", "pgfleet.cli.report_server", str(pages.port), str(pages.folder)]
    variables = {**settings.variables(), report_server.KEY: pages.key}
    children.start("the server of the HTML pages", command, variables, log="pages.log", patience_seconds=0.2)
