"""The command `counts`."""

from typing import Any

import typer

from pgfleet.cli import temporary_server
from pgfleet.cli.options import Environment, Local, Output, Selected, check_writable, with_groups
from pgfleet.cli.progress import showing_progress
from pgfleet.documents.counts import CountDocument

INCOMPLETE = 3


@with_groups
def counts(environment: Environment, selected: Selected, output: Output, local: Local = False) -> None:
    """Count the rows of the manifest's tables in every tenant. Changes nothing.

    Exit status:
    0  every tenant was counted
    2  the command or a file is wrong
    3  some tenant could not be counted
    """
    from pgfleet.cli.output import write
    from pgfleet.local.counts import count_fleet
    from pgfleet.postgres.read.run_context import load_context
    from pgfleet.reports.views.counts import counts_view

    context = load_context(environment, selected.selection, run=f"counts {environment}")
    check_writable(output.output)
    if local:
        with showing_progress(f"counts of {environment}"):
            document = count_fleet(context)
    else:
        document = _run_flow(environment, **selected.selection.parameters)
    write(document, counts_view(document), as_json=output.as_json, output=output.output)
    raise typer.Exit(INCOMPLETE if document.summary["uncounted"] else 0)


def _run_flow(environment: str, **parameters: Any) -> CountDocument:
    temporary_server.start()
    from pgfleet.cli.run_flow import run_flow
    from pgfleet.flows.count import count_fleet
    from pgfleet.tasks.support.results import COUNT_DOCUMENT

    with showing_progress(f"counts of {environment}"):
        return run_flow(count_fleet, COUNT_DOCUMENT, environment=environment, **parameters)
