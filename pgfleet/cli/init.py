"""The command `init`: a fleet file to start with."""

import os
import shlex
from collections.abc import Iterator
from importlib.resources import files as resources
from pathlib import Path
from typing import Annotated

import typer

from pgfleet.cli.options import LedgerOwners
from pgfleet.errors import ConfigurationError
from pgfleet.hidden_characters import show_hidden
from pgfleet.run import settings
from pgfleet.run.manifest_file import NAME, manifest_exists

UNSET = {"PGPASSWORD": "", "PGSSLPASSWORD": ""}
"""Variables that the written file may refer to, but that need no value when it is written."""


def init(
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="Fleet file to write.")] = Path("fleet.toml"),
    dsn: Annotated[
        str | None,
        typer.Option(metavar="DSN", help="Database that is its tenant; a password becomes ${PGPASSWORD}."),
    ] = None,
    ledger_owner: LedgerOwners = None,
) -> None:
    """Write a fleet file to start with.

    With --dsn, its only tenant is that database; otherwise, it is an example.
    Does not overwrite a file.

    Exit status:
    0  the file is written
    2  it exists already, or cannot be written
    """
    if dsn is None:
        text = resources("pgfleet.cli").joinpath("fleet_template.toml").read_text(encoding="utf-8")
        environment, content = "dev", "an environment with one tenant; enter your own"
    else:
        text, environment = _file_of(dsn, ledger_owner or [], output)
        content = f"the environment {environment} with one tenant"
    try:
        with output.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise ConfigurationError("init", str(output), "exists already; name another file with --output") from None
    except OSError as error:
        raise ConfigurationError("init", str(output), f"cannot be written: {error.strerror}") from None
    typer.echo(show_hidden(f"{output}: {content}"))
    typer.echo(show_hidden(f"Next: {'; then '.join(_next_steps(text, environment, output))}"))


def _next_steps(text: str, environment: str, output: Path) -> Iterator[str]:
    for name in UNSET:
        if f"${{{name}}}" in text and name not in settings.variables():
            yield f"set {name}"
    if not manifest_exists():
        yield "pgfleet manifest init DIR, where DIR contains your migration files"
    is_chosen = settings.Settings().config.resolve() == output.resolve()
    option = "" if is_chosen else f"--config {shlex.quote(str(output))} "
    yield f"pgfleet {option}doctor {shlex.quote(environment)}"


def _file_of(dsn: str, ledger_owners: list[str], output: Path) -> tuple[str, str]:
    """The text of the fleet file, and the name of its environment."""
    from pgfleet.postgres.dsn_environment import dsn_environment, fleet_file, without_passwords
    from pgfleet.run.variables import References

    values = References({**UNSET, **settings.variables()})
    environment = dsn_environment(dsn, values, ledger_owners=ledger_owners)
    manifest = settings.Settings().manifest or NAME
    if manifest != settings.EXAMPLE:
        manifest = os.path.relpath(manifest, output.absolute().parent)
    return fleet_file(environment, without_passwords(dsn) or dsn, manifest=manifest), environment.name
