"""The commands `demo`, `up`, and `automations`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pgfleet.cli import temporary_server
from pgfleet.errors import ConfigurationError
from pgfleet.run import settings
from pgfleet.run.shipped import deployments_folder


def demo(
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the fleet running, and show how to connect to it.")
    ] = False,
) -> None:
    """Create a demo fleet, then audit, roll out, and repair it.

    The fleet is in an embedded PostgreSQL, with injected faults.

    Exit status:
    0  every audit found the injected faults and nothing else
    1  some audit did not
    3  the demo failed
    """
    temporary_server.start()  # while the fleet is created
    from pgfleet.cli.demo import run_demo

    raise typer.Exit(run_demo(keep=keep))


def up(
    demo: Annotated[
        bool, typer.Option("--demo", help="Create a demo fleet. The default if there is no fleet file.")
    ] = False,
    host: Annotated[str, typer.Option(metavar="HOST", help="Address that Prefect's server listens on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", help="Port that Prefect's server listens on.", min=1, max=65535)
    ] = 4200,
    sqlite: Annotated[
        bool, typer.Option("--sqlite", help="Keep Prefect's data in SQLite, not in the embedded PostgreSQL.")
    ] = False,
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="PGFLEET_UP_DATABASE",
            show_envvar=True,
            help="Keep Prefect's data in this database.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(metavar="NUMBER", help="Maximum number of runs at the same time.", min=1)] = 4,
    server: Annotated[
        bool, typer.Option("--server/--no-server", help="Start a Prefect server if none is running.")
    ] = True,
) -> None:
    """Run Prefect here: server, worker, schedules, and automations.

    Uses a server that is already running at PREFECT_API_URL or on that port.
    Ctrl-C stops everything.

    Exit status:
    0  it was stopped
    1  one of its processes ended
    2  the command or a file is wrong
    3  Prefect did not start
    """
    from pgfleet.cli.supervisor import supervise
    from pgfleet.cli.up_server import Options

    if sqlite and database:
        raise ConfigurationError("--sqlite", "", "cannot be combined with --database")
    options = Options(host=host, port=port, database=database, sqlite=sqlite, demo=demo, limit=limit, server=server)
    raise typer.Exit(supervise(options))


def automations(
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Use these automations instead of those in the package.")
    ] = None,
) -> None:
    """Create or update the automations in Prefect.

    Uses the server at PREFECT_API_URL.

    Exit status:
    0  the automations are as in the file
    2  the file is wrong, or PREFECT_API_URL is not set
    3  Prefect's server does not answer
    """
    settings.prepare_prefect()
    from prefect.settings import PREFECT_API_URL

    from pgfleet.cli.automations import apply_automation_file
    from pgfleet.cli.run_flow import prefect_errors

    if not PREFECT_API_URL.value():
        problem = "is not set: name the server to create the automations in; pgfleet up creates them in its own server"
        raise ConfigurationError("PREFECT_API_URL", "", problem)
    with prefect_errors():
        path = file or deployments_folder() / "automations.yaml"
        apply_automation_file(path, Console(stderr=True, highlight=False))
