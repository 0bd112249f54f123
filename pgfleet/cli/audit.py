"""The command `audit`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pgfleet.cli.options import (
    AuditFormat,
    AuditFormatOption,
    EnvironmentArgument,
    GranularityOption,
    LabelOption,
    OutputOption,
    RingOption,
    TenantOption,
    check_writable,
)
from pgfleet.cli.progress import showing_progress
from pgfleet.cli.run_flow import run_flow
from pgfleet.documents.audit import AuditDocument
from pgfleet.fleet.selection import Selection
from pgfleet.judge.summary import EXIT_STATUS, outcome_of
from pgfleet.run import files, settings
from pgfleet.run.context import Granularity
from pgfleet.run.report_folders import check_report_folders


def audit(
    environment: EnvironmentArgument,
    tenant: TenantOption = None,
    ring: RingOption = None,
    label: LabelOption = None,
    granularity: GranularityOption = Granularity.AUTO,
    since: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Compare with this audit document instead of the last audit in Prefect."),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Read every catalog, also if it is unchanged since the last audit.")
    ] = False,
    output_format: AuditFormatOption = AuditFormat.TABLE,
    output: OutputOption = None,
) -> None:
    """Compare every tenant with the manifest. Changes nothing.

    Exit status:
    0  every tenant is ready
    1  some tenant is not ready, or lost rows
    2  the command or a file is wrong
    3  some tenant could not be inspected
    """
    from pgfleet.cli.output import write_audit
    from pgfleet.postgres.read.run_context import load_context

    selection = Selection.of(tenant, ring, label)
    context = load_context(environment, selection)
    check_writable(output)
    check_report_folders(context.environment)
    if since:
        files.load_audit(since, environment)
    file = str(since.absolute()) if since else None
    document = run_audit(environment, granularity=granularity, since_file=file, full=full, **selection.parameters)
    write_audit(document, context, output_format, output)
    raise typer.Exit(EXIT_STATUS[outcome_of(document.tenants)])


def run_audit(environment: str, **parameters: Any) -> AuditDocument:
    """One run of the flow `audit`, with its progress on standard error. Raises PgfleetError if the run broke off."""
    settings.prepare_prefect()
    from pgfleet.flows.audit import audit_fleet
    from pgfleet.tasks.support.results import AUDIT_DOCUMENT

    with showing_progress(f"audit of {environment}"):
        return run_flow(audit_fleet, AUDIT_DOCUMENT, environment=environment, **parameters)
