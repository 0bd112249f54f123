"""The arguments and options that commands share."""

import errno
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pgfleet.errors import ConfigurationError
from pgfleet.run.context import Granularity
from pgfleet.run.writable import writing_problem


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
    Granularity,
    typer.Option(help="Record a task run in Prefect for each step that matters, each step, or each tenant."),
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

ALWAYS_FULL = Path("/dev/full")


def check_writable(output: Path | None) -> None:
    """Raises ConfigurationError if `output` could not be written, before the command does anything."""
    if output is None:
        return
    is_file = output.is_file() or not output.exists()
    place = output.parent if is_file else output
    if output.is_dir() or not os.access(place, os.W_OK):
        raise ConfigurationError("--output", str(output), "cannot be written; name a file in an existing folder")
    problem = writing_problem(output.absolute().parent) if is_file else _device_problem(output)
    if problem:
        raise ConfigurationError("--output", str(output), f"cannot be written: {problem}")


def _device_problem(device: Path) -> str | None:
    """`/dev/full` is always full, and nothing may be written to other devices and pipes as a trial."""
    is_full = ALWAYS_FULL.exists() and device.stat().st_rdev == ALWAYS_FULL.stat().st_rdev
    return os.strerror(errno.ENOSPC) if is_full else None
