"""The command `counts`."""

import typer

from pgfleet.cli.options import (
    EnvironmentArgument,
    Format,
    FormatOption,
    LabelOption,
    OutputOption,
    RingOption,
    TenantOption,
    check_writable,
)
from pgfleet.cli.progress import showing_progress
from pgfleet.cli.run_flow import run_flow
from pgfleet.fleet.selection import Selection
from pgfleet.run import settings

INCOMPLETE = 3


def counts(
    environment: EnvironmentArgument,
    tenant: TenantOption = None,
    ring: RingOption = None,
    label: LabelOption = None,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Count the rows of the manifest's tables in every tenant. Changes nothing.

    Exit status:
    0  every tenant was counted
    2  the command or a file is wrong
    3  some tenant could not be counted
    """
    from pgfleet.cli.output import write
    from pgfleet.postgres.read.run_context import load_context
    from pgfleet.reports.views.counts import counts_view

    selection = Selection.of(tenant, ring, label)
    load_context(environment, selection)  # raises ConfigurationError before a run begins
    check_writable(output)
    settings.prepare_prefect()
    from pgfleet.flows.count import count_fleet
    from pgfleet.tasks.support.results import COUNT_DOCUMENT

    with showing_progress(f"counts of {environment}"):
        document = run_flow(count_fleet, COUNT_DOCUMENT, environment=environment, **selection.parameters)
    write(document, counts_view(document), as_json=output_format is Format.JSON, output=output)
    raise typer.Exit(INCOMPLETE if document.summary["uncounted"] else 0)
