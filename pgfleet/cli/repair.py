"""The command `repair`: a dry run, the confirmation, and the repair itself."""

import sys
from collections.abc import Callable
from typing import Any

import typer
from rich.console import Console

from pgfleet.cli import temporary_server
from pgfleet.cli.options import DryRun, Environment, Output, Selected, Yes, check_writable, with_groups
from pgfleet.cli.progress import INTERRUPTED, INTERRUPTED_CHANGES, showing_progress
from pgfleet.cli.prompt import is_confirmed, is_terminal
from pgfleet.documents.repair import RepairDocument, RepairResult
from pgfleet.errors import FleetError
from pgfleet.rollout.repair_summary import exit_status

NO_TERMINAL = "Dry run only: there is no terminal to ask at. Use --yes to repair."
NOT_CONFIRMED = "Dry run only: not confirmed."


@with_groups
def repair(
    environment: Environment, selected: Selected, output: Output, dry_run: DryRun = False, yes: Yes = False
) -> None:
    """Fix what drifted in the selected tenants.

    Requires --tenant or --ring.
    Reapplies a migration where that is proven to fix a difference.
    Runs generated SQL where it is not.
    Starts with a dry run, then asks for confirmation.
    With neither a terminal nor --yes, stops after the dry run.

    Exit status:
    0  nothing remains to be fixed
    1  a repair failed, needs a person, or was not carried out
    2  the command or a file is wrong
    3  some tenant could not be inspected
    """
    from pgfleet.cli.output import show, write
    from pgfleet.postgres.read.run_context import load_context
    from pgfleet.reports.render import terminal
    from pgfleet.reports.views.repair import repair_view

    if not (selected.tenant or selected.ring):
        raise FleetError("--tenant", "", "is required: name the tenants to repair, or a --ring")
    load_context(environment, selected.selection)  # raises ConfigurationError before a run begins
    check_writable(output.output)

    def is_agreed(document: RepairDocument) -> bool:
        show(terminal.render(repair_view(document)), sys.stderr if output.as_json else sys.stdout)
        return yes or _is_confirmed(document)

    document = run_repair(environment, (lambda _: False) if dry_run else is_agreed, **selected.selection.parameters)
    is_shown = document.dry_run and not dry_run and _has_repairs(document)
    if output.as_json or output.output or not is_shown:
        write(document, repair_view(document), as_json=output.as_json, output=output.output)
    raise typer.Exit(exit_status(document))


def run_repair(environment: str, is_agreed: Callable[[RepairDocument], bool], **selection: Any) -> RepairDocument:
    """The document of the repair, or of its dry run if there is nothing to repair or `is_agreed` returns False.

    Raises PgfleetError if a run failed.
    """
    dry_run = _run(f"dry run of the repair of {environment}", environment, dry_run=True, **selection)
    if not _has_repairs(dry_run) or not is_agreed(dry_run):
        return dry_run
    return _run(f"repair of {environment}", environment, dry_run=False, digest=dry_run.digest, **selection)


def _run(title: str, environment: str, **parameters: Any) -> RepairDocument:
    temporary_server.start()
    from pgfleet.cli.run_flow import run_flow
    from pgfleet.flows.repair import repair_fleet
    from pgfleet.tasks.support.results import REPAIR_DOCUMENT

    with showing_progress(title, interrupted=INTERRUPTED if parameters["dry_run"] else INTERRUPTED_CHANGES):
        return run_flow(repair_fleet, REPAIR_DOCUMENT, environment=environment, **parameters)


def _has_repairs(dry_run: RepairDocument) -> bool:
    return any(each.result is RepairResult.REPAIRED for each in dry_run.tenants)


def _is_confirmed(document: RepairDocument) -> bool:
    problem = NO_TERMINAL
    if is_terminal():
        if is_confirmed("Carry out this repair?", document.digest):
            return True
        problem = NOT_CONFIRMED
    Console(stderr=True).print(problem, highlight=False)
    return False
