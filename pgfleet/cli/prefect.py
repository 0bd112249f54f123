"""The commands that set Prefect up."""

from pathlib import Path
from typing import Annotated

import typer

from pgfleet.errors import ConfigurationError
from pgfleet.run import settings
from pgfleet.run.shipped import deployments_folder


def up(
    demo: Annotated[
        bool, typer.Option("--demo", help="With a fleet made on the spot; so where there is no fleet file.")
    ] = False,
    host: Annotated[str, typer.Option(help="Where Prefect's server listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="And on which port.", min=1, max=65535)] = 4200,
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="PGFLEET_UP_DATABASE",
            show_envvar=True,
            help="A PostgreSQL database for the server's data; else a file in Prefect's home folder.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(help="How many runs there may be at once.", min=1)] = 4,
    server: Annotated[bool, typer.Option("--server/--no-server", help="Start a server where none answers.")] = True,
) -> None:
    """Prefect on this machine: server, worker, deployments with their schedules, automations. Ctrl-C stops it all.

    A server that answers already, at PREFECT_API_URL or on that port, is used as it is.

    Exit status: 0 it was stopped, 1 one of its processes died, 2 the command or a file is wrong, 3 it did not start.
    """
    from pgfleet.cli.supervisor import Choice, run_up  # noqa: PLC0415

    choice = Choice(host=host, port=port, database=database, demo=demo, limit=limit, server=server)
    raise typer.Exit(run_up(choice))


def automations(
    file: Annotated[Path | None, typer.Option(metavar="FILE", help="Others than the shipped ones.")] = None,
) -> None:
    """Make the automations in the Prefect server that PREFECT_API_URL names, and change those that differ.

    Exit status: 0 they are as the file has them, 2 the file is wrong or no server is named,
    3 Prefect's server does not answer.
    """
    from rich.console import Console  # noqa: PLC0415

    from pgfleet.cli.deploy import set_up_automations  # noqa: PLC0415
    from pgfleet.cli.run_flow import needing_prefect  # noqa: PLC0415

    settings.prepare_prefect()
    from prefect.settings import PREFECT_API_URL  # noqa: PLC0415

    if not PREFECT_API_URL.value():
        problem = "names no server, and there must be one to make them in; pgfleet up makes them in its own"
        raise ConfigurationError("PREFECT_API_URL", "", problem)
    with needing_prefect():
        set_up_automations(file or deployments_folder() / "automations.yaml", Console(stderr=True, highlight=False))
