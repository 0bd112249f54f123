"""The command line: the front door. Standard output holds the answer and nothing else.

Prefect takes seconds to import, so whatever needs it is imported by the command that needs it.
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pgfleet import settings
from pgfleet.brief import Brief, Granularity
from pgfleet.errors import ConfigurationError, PgfleetError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks show local variables, and those hold connection strings
)
manifest_app = typer.Typer(help="The manifest as read.", invoke_without_command=True)
app.add_typer(manifest_app, name="manifest")

MISUSE, INCOMPLETE = 2, 3


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"


EnvironmentArgument = Annotated[str, typer.Argument(metavar="ENV", help="An environment of the fleet file.")]
TenantOption = Annotated[
    list[str] | None, typer.Option("--tenant", metavar="NAME", help="This tenant alone, or these (acme-*).")
]
RingOption = Annotated[list[str] | None, typer.Option("--ring", metavar="RING", help="Tenants of this ring alone.")]
FormatOption = Annotated[Format, typer.Option("--format", help="For people, or one JSON document.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", help="Into this file instead of standard output.")
]


@app.callback()
def choose_files(
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The fleet file (deployments/fleet.toml).")
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The manifest (sql/manifest.toml, else the shipped one)."),
    ] = None,
) -> None:
    """Audits and verifies PostgreSQL migrations across a fleet of tenant databases."""
    settings.use(config=config, manifest=manifest)


@app.command()
def audit(
    environment: EnvironmentArgument,
    tenant: TenantOption = None,
    ring: RingOption = None,
    granularity: Annotated[
        Granularity, typer.Option(help="What is a task run of its own: each step, or a tenant as a whole.")
    ] = Granularity.STEP,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Hold every tenant against the manifest. Changes nothing.

    Exit status: 0 every tenant is ready, 1 some are not, 2 the command or a file is wrong, 3 some could not be judged.
    """
    from flows.running import refuse_unwritable, run_audit  # noqa: PLC0415

    brief = _brief(environment, tenant, ring)
    refuse_unwritable(output)
    raise typer.Exit(run_audit(brief, tenant, ring, granularity, as_json=output_format is Format.JSON, output=output))


@app.command()
def tenants(
    environment: EnvironmentArgument,
    tenant: TenantOption = None,
    ring: RingOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """The inventory as resolved, without passwords. Connects to nothing."""
    from flows.answering import show_tenants  # noqa: PLC0415

    show_tenants(_brief(environment, tenant, ring), as_json=output_format is Format.JSON)


@manifest_app.callback()
def manifest(output_format: FormatOption = Format.TABLE) -> None:
    """The manifest as read and found right. Connects to nothing."""
    from flows.answering import show_manifest  # noqa: PLC0415

    show_manifest(settings.Settings().manifest_file, as_json=output_format is Format.JSON)


@app.command()
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the fleet running, with its fleet.toml.")] = False,
) -> None:
    """A fleet of twelve tenants made on the spot in an embedded PostgreSQL, and its audit."""
    from flows.demonstration import run_demo  # noqa: PLC0415

    raise typer.Exit(run_demo(keep=keep))


def _brief(environment: str, tenant: list[str] | None, ring: list[str] | None) -> Brief:
    from pgfleet.pg.briefing import prepare_brief  # noqa: PLC0415

    return prepare_brief(environment, tenants=tenant or (), rings=ring or ())


def main() -> None:
    """Runs the command line; a wrong file or option is one line on standard error and exit status 2."""
    try:
        app()
    except ConfigurationError as error:
        print(f"pgfleet: {error}", file=sys.stderr)
        sys.exit(MISUSE)
    except PgfleetError as error:
        print(f"pgfleet: {error}", file=sys.stderr)
        sys.exit(INCOMPLETE)
