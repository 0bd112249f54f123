"""The command `init`: a fleet file to start with."""

from importlib.resources import files as resources
from pathlib import Path
from typing import Annotated

import typer

from pgfleet.errors import ConfigurationError


def init(
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="Fleet file to write.")] = Path("fleet.toml"),
) -> None:
    """Write a commented fleet file to start with.

    Does not overwrite a file.

    Exit status:
    0  the file is written
    2  it exists already, or cannot be written
    """
    text = resources("pgfleet.cli").joinpath("fleet_template.toml").read_text(encoding="utf-8")
    try:
        with output.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise ConfigurationError("init", str(output), "exists already; name another file with --output") from None
    except OSError as error:
        raise ConfigurationError("init", str(output), f"cannot be written: {error.strerror}") from None
    typer.echo(f"{output}: an environment with one tenant; enter your own")
    typer.echo("Next: pgfleet manifest init DIR, where DIR contains your migration files")
