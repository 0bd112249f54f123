"""The options that commands share."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pgfleet import __version__
from pgfleet.errors import ConfigurationError
from pgfleet.run.context import Granularity


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"


class AuditFormat(StrEnum):
    """How what an audit found is written."""

    TABLE = "table"
    JSON = "json"
    HTML = "html"
    MARKDOWN = "markdown"
    JUNIT = "junit"
    OPENMETRICS = "openmetrics"


class RolloutFormat(StrEnum):
    """How what came of a rollout is written."""

    TABLE = "table"
    JSON = "json"
    HTML = "html"
    MARKDOWN = "markdown"
    JUNIT = "junit"


GranularityOption = Annotated[
    Granularity, typer.Option(help="What is a task run of its own: each step, or a tenant as a whole.")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="In transactions that are rolled back: see what would come of it.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Approve the plan, where the environment wants approval.")]


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"pgfleet {__version__}")
        raise typer.Exit


VersionOption = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say which version this is.")
]
EnvironmentArgument = Annotated[str, typer.Argument(metavar="ENV", help="An environment of the fleet file.")]
TenantOption = Annotated[
    list[str] | None, typer.Option("--tenant", metavar="NAME", help="This tenant alone, or these (acme-*).")
]
RingOption = Annotated[list[str] | None, typer.Option("--ring", metavar="RING", help="Tenants of this ring alone.")]
LabelOption = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="KEY=VALUE", help="Tenants with this label alone (region=eu, tier=g*)."),
]
FormatOption = Annotated[Format, typer.Option("--format", help="For people, or one JSON document.")]
AuditFormatOption = Annotated[
    AuditFormat,
    typer.Option("--format", help="For people (table, html, markdown), or for programs (json, junit, openmetrics)."),
]
RolloutFormatOption = Annotated[
    RolloutFormat, typer.Option("--format", help="For people (table, html, markdown), or for programs (json, junit).")
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", help="Into this file instead of standard output.")
]
SinceOption = Annotated[
    Path | None,
    typer.Option("--since", metavar="FILE", help="Compare with this audit document, not with the last one in Prefect."),
]


def refuse_unwritable(output: Path | None) -> None:
    """Raises ConfigurationError where `output` could not be written, before anything is done for it."""
    if output is None:
        return
    place = output.parent if output.is_file() or not output.exists() else output
    if output.is_dir() or not os.access(place, os.W_OK):
        raise ConfigurationError("--output", str(output), "cannot be written; name a file in a folder that is there")
