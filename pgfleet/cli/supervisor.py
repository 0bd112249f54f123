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

from rich.console import Console

from pgfleet.cli import report_server
from pgfleet.cli.access import Access
from pgfleet.cli.child_processes import Children, temporary_folder
from pgfleet.cli.demo import make_fleet
from pgfleet.cli.run_flow import prefect_errors
from pgfleet.cli.up_server import Options, check_host, find_server, has_database, server_database, start_server
from pgfleet.errors import ConfigurationError
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
    check_host(options.host)
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        fleet, pages = _load_fleet(options, stack, console)
        console.print("starting Prefect …")
        from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, PREFECT_HOME, temporary_settings

        from pgfleet.cli.first_audits import explain, start_first_audits

        api, is_running = find_server(options, PREFECT_API_URL.value())
        if not (is_running or options.sqlite or database or has_database()):
            cluster = stack.enter_context(
                KeptCluster(settings.Settings().state_folder / "prefect-server", embedded_binaries())
            )
            database = server_database(cluster.dsn())
        children = stack.enter_context(Children(PREFECT_HOME.value() / "pgfleet-up"))
        stack.enter_context(cleaned_up_by(children.kill))
        stack.callback(console.print, STOPPING)
        access = Access.of(PREFECT_HOME.value() / "pgfleet-up" / "key", is_ours=api == options.api)
        if not is_running:
            start_server(children, options, database, access, console)
        with temporary_settings({PREFECT_API_URL: api, PREFECT_API_AUTH_STRING: access.key}), prefect_errors():
            _set_up(fleet, console, api.removesuffix("/api"), is_ours=not is_running)
            started = start_first_audits(fleet.environments, is_demo=pages is not None)
        if pages:
            _serve_pages(children, pages, console)
        own = {"PREFECT_API_URL": api, **access.client_variables, "TMPDIR": stack.enter_context(temporary_folder())}
        _start_worker(children, options, own)
        console.print(f"\n[bold]Prefect's web interface: {api.removesuffix('/api')}[/bold]")
        access.explain(console, api)
        explain(started, fleet.environments, api.removesuffix("/api"), console)
        console.print(f"logs: {children.folder}; Ctrl-C stops everything", style="dim")
        console.print(f"pgfleet: {children.wait()}")
        return ENDED
    return 0


def _load_fleet(options: Options, stack: ExitStack, console: Console) -> tuple[FleetDocument, Pages | None]:
    """The fleet, and its HTML pages if it is the demo's, which is created here."""
    file, pages = settings.Settings().config, None
    if options.demo or (not file.exists() and not settings.names_fleet_file()):
        console.print("creating a demo fleet: starting an embedded PostgreSQL …")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pgfleet-demo-")))
        cluster = stack.enter_context(Cluster(embedded_binaries()))
        pages = Pages(folder=folder / REPORTS, port=_free_port(options), key=secrets.token_urlsafe(12))
        make_fleet(cluster, folder, console, pages.url)
        file = folder / "fleet.toml"
    settings.use(config=file)  # as an absolute path: runs start in other folders
    fleet = files.load_fleet(file)
    choose_manifest(settings.Settings(), fleet)  # every run would fail without one
    return fleet, pages


def _free_port(options: Options) -> int:
    """The port after the server's own, or else any."""
    for port in (options.port + 1, 0):
        with suppress(OSError, OverflowError), socket.create_server((report_server.ADDRESS, port)) as probe:
            return int(probe.getsockname()[1])
    raise ConfigurationError("--port", str(options.port), "no port is free on 127.0.0.1")


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
