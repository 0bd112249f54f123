"""The arguments and options that commands share."""

import errno
import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from pgfleet.cli.completion import complete_environments, complete_labels, complete_rings, complete_tenants
from pgfleet.errors import ConfigurationError
from pgfleet.fleet.selection import Selection
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


Local = Annotated[bool, typer.Option("--local", help="Run in this process, without Prefect.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", "--rehearse", help="Run everything in transactions that are rolled back.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Skip the confirmation prompt.")]
Sql = Annotated[bool, typer.Option("--sql", help="Show the plan's scripts in full, not only their first lines.")]
Detail = Annotated[
    Granularity, typer.Option("--granularity", help="What is recorded as a task run of its own in Prefect.")
]
Environment = Annotated[
    str, typer.Argument(metavar="ENV", help="Environment in the fleet file.", autocompletion=complete_environments)
]
Tenants = Annotated[
    list[str] | None,
    typer.Option(
        "--tenant",
        metavar="NAME",
        help="Only this tenant, or a pattern: acme-*. Repeatable.",
        autocompletion=complete_tenants,
    ),
]
Rings = Annotated[
    list[str] | None,
    typer.Option(
        "--ring", metavar="RING", help="Only tenants in this ring. Repeatable.", autocompletion=complete_rings
    ),
]
Labels = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="KEY=VALUE",
        help="Only tenants with this label: region=eu, tier=g*. Repeatable.",
        autocompletion=complete_labels,
    ),
]
LedgerOwners = Annotated[
    list[str] | None,
    typer.Option(
        "--ledger-owner", metavar="ROLE", help="With --dsn: also trust a ledger that this role owns. Repeatable."
    ),
]
OutputFile = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", help="Write to this file instead of standard output.")
]
OutputFormat = Annotated[Format, typer.Option("--format", help="Output format.")]
AuditOutputFormat = Annotated[AuditFormat, typer.Option("--format", help="Output format.")]
RolloutOutputFormat = Annotated[RolloutFormat, typer.Option("--format", help="Output format.")]


@dataclass(frozen=True, kw_only=True)
class Selected:
    """The options that select tenants of an environment."""

    tenant: Tenants = None
    ring: Rings = None
    label: Labels = None

    @property
    def selection(self) -> Selection:
        """The selection that the options describe."""
        return Selection.of(self.tenant, self.ring, self.label)


@dataclass(frozen=True, kw_only=True)
class Change:
    """The options of a command that changes tenants."""

    dry_run: DryRun = False
    yes: Yes = False
    granularity: Detail = Granularity.AUTO


@dataclass(frozen=True, kw_only=True)
class Output:
    """Where a result goes, and in which format."""

    output_format: OutputFormat = Format.TABLE
    output: OutputFile = None

    @property
    def as_json(self) -> bool:
        """Whether the result is written as JSON."""
        return self.output_format is Format.JSON


@dataclass(frozen=True, kw_only=True)
class RolloutOutput:
    """The same for the result of a rollout."""

    output_format: RolloutOutputFormat = RolloutFormat.TABLE
    output: OutputFile = None


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


def with_groups(command: Callable[..., None]) -> Callable[..., None]:
    """The command with each parameter whose type is a dataclass replaced by the dataclass's fields.

    Typer then sees the fields as the command's own arguments and options; the command gets one value per group.
    """
    hints = get_type_hints(command, include_extras=True)
    forms: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    flat: list[inspect.Parameter] = []
    for each in inspect.signature(command).parameters.values():
        if form := forms.get(each.name):
            types = get_type_hints(form, include_extras=True)
            flat += (one.replace(annotation=types[one.name]) for one in inspect.signature(form).parameters.values())
        else:
            flat.append(each.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[each.name]))

    @wraps(command)
    def flattened(**values: Any) -> None:
        made = {name: form(**{one.name: values.pop(one.name) for one in fields(form)}) for name, form in forms.items()}
        command(**made, **values)

    flattened.__signature__ = inspect.Signature(flat)  # type: ignore[attr-defined]
    flattened.__annotations__ = {each.name: each.annotation for each in flat}
    return flattened
