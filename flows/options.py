"""The options that commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pgfleet.brief import Granularity


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"


GranularityOption = Annotated[
    Granularity, typer.Option(help="What is a task run of its own: each step, or a tenant as a whole.")
]
RehearseOption = Annotated[
    bool, typer.Option("--rehearse", help="In transactions that are rolled back: see what would come of it.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Approve the plan, where the environment wants approval.")]
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
OutputOption = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", help="Into this file instead of standard output.")
]
SinceOption = Annotated[
    Path | None,
    typer.Option("--since", metavar="FILE", help="Compare with this audit document, not with the last one in Prefect."),
]
