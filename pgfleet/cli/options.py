"""The arguments and options that commands share."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pgfleet.errors import ConfigurationError
from pgfleet.run.context import Granularity


class Format(StrEnum):
    """The formats of every result."""

    TABLE = "table"
    JSON = "json"


class AuditFormat(StrEnum):
    """The formats of an audit."""

    TABLE = "table"
    JSON = "json"
    HTML = "html"
    MARKDOWN = "markdown"
    JUNIT = "junit"
    OPENMETRICS = "openmetrics"


class RolloutFormat(StrEnum):
    """The formats of a rollout or a seeding."""

    TABLE = "table"
    JSON = "json"
    HTML = "html"
    MARKDOWN = "markdown"
    JUNIT = "junit"


EnvironmentArgument = Annotated[str, typer.Argument(metavar="ENV", help="Environment in the fleet file.")]
TenantOption = Annotated[
    list[str] | None,
    typer.Option("--tenant", metavar="NAME", help="Only this tenant, or a pattern: acme-*. Repeatable."),
]
RingOption = Annotated[
    list[str] | None, typer.Option("--ring", metavar="RING", help="Only tenants in this ring. Repeatable.")
]
LabelOption = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="KEY=VALUE", help="Only tenants with this label: region=eu, tier=g*. Repeatable."),
]
GranularityOption = Annotated[
    Granularity, typer.Option(help="Record a task run in Prefect for each step, or for each tenant.")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", "--rehearse", help="Run everything in transactions that are rolled back.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Skip the confirmation prompt.")]
SqlOption = Annotated[bool, typer.Option("--sql", help="Show the plan's scripts in full, not only their first lines.")]
FormatOption = Annotated[Format, typer.Option("--format", help="Output format.")]
AuditFormatOption = Annotated[AuditFormat, typer.Option("--format", help="Output format.")]
RolloutFormatOption = Annotated[RolloutFormat, typer.Option("--format", help="Output format.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", help="Write to this file instead of standard output.")
]


def check_writable(output: Path | None) -> None:
    """Raises ConfigurationError if `output` could not be written, before the command does anything."""
    if output is None:
        return
    place = output.parent if output.is_file() or not output.exists() else output
    if output.is_dir() or not os.access(place, os.W_OK):
        raise ConfigurationError("--output", str(output), "cannot be written; name a file in an existing folder")
