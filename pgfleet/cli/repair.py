"""Runs a repair from the command line: rehearses it, shows that, asks, has it done."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from pgfleet.cli.console import console_on
from pgfleet.cli.output import write
from pgfleet.cli.prompt import is_confirmed, is_terminal
from pgfleet.cli.run_flow import document_of, showing_progress
from pgfleet.documents.repair import RepairDocument, RepairResult
from pgfleet.reports.render import terminal
from pgfleet.reports.views.repair import repair_view
from pgfleet.rollout.repair_summary import exit_status
from pgfleet.run import settings
from pgfleet.run.context import RunContext

NOBODY = "Only rehearsed: there is no terminal to ask at. With --yes it is done."
NOT_CONFIRMED = "Only rehearsed: it was not confirmed."


def run_repair(
    context: RunContext,
    tenants: Sequence[str],
    labels: Sequence[str] | None = None,
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    output: Path | None,
) -> int:
    """Rehearses, has it done if that is agreed to, writes what came of it, and returns the exit status.

    Raises PgfleetError if it broke off.
    """

    def show(document: RepairDocument) -> None:
        console_on(sys.stderr if as_json else sys.stdout).print(terminal.render(repair_view(document)))

    def agree(document: RepairDocument) -> bool:
        show(document)
        return yes or _is_agreed_to(document)

    document = repair(context, tenants, agree if not dry_run else lambda _: False, labels)
    is_shown = document.dry_run and not dry_run and is_to_be_done(document)
    if as_json or output or not is_shown:
        write(document, terminal.render(repair_view(document)), as_json=as_json, output=output)
    return exit_status(document)


def repair(
    context: RunContext,
    tenants: Sequence[str],
    agree: Callable[[RepairDocument], bool],
    labels: Sequence[str] | None = None,
) -> RepairDocument:
    """The dry run, or what came of the repair where there is anything to be done and `agree` says yes to it."""
    settings.prepare_prefect()
    title = f"dry run of the repair of {context.environment.name}"
    dry_run = _run(context, tenants, labels, title, dry_run=True)
    if not is_to_be_done(dry_run) or not agree(dry_run):
        return dry_run
    return _run(context, tenants, labels, f"repair of {context.environment.name}", dry_run=False, digest=dry_run.digest)


def is_to_be_done(dry_run: RepairDocument) -> bool:
    """Whether the dry run went well in some tenant, and had anything to do there."""
    return any(each.result is RepairResult.REPAIRED for each in dry_run.tenants)


def _run(
    context: RunContext,
    tenants: Sequence[str],
    labels: Sequence[str] | None,
    title: str,
    *,
    dry_run: bool,
    digest: str | None = None,
) -> RepairDocument:
    from pgfleet.flows.repair import repair_fleet  # noqa: PLC0415
    from pgfleet.tasks.support.results import REPAIR_DOCUMENT  # noqa: PLC0415

    options = {"tenants": list(tenants), "labels": list(labels or ()) or None, "dry_run": dry_run, "digest": digest}
    with showing_progress(title):
        return document_of(repair_fleet, REPAIR_DOCUMENT, environment=context.environment.name, **options)


def _is_agreed_to(document: RepairDocument) -> bool:
    console = Console(stderr=True)
    if not is_terminal():
        console.print(NOBODY, highlight=False)
        return False
    if not is_confirmed("have this done", document.digest):
        console.print(NOT_CONFIRMED, highlight=False)
        return False
    return True
