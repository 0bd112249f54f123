"""The command `audit`."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from pgfleet.cli import temporary_server
from pgfleet.cli.completion import complete_environments
from pgfleet.cli.options import (
    AuditFormat,
    AuditOutputFormat,
    Detail,
    LedgerOwners,
    Local,
    OutputFile,
    Selected,
    check_writable,
    with_groups,
)
from pgfleet.cli.progress import showing_progress
from pgfleet.documents.audit import AuditDocument
from pgfleet.errors import ConfigurationError
from pgfleet.judge.summary import EXIT_STATUS, outcome_of
from pgfleet.run import files, settings
from pgfleet.run.context import Granularity, RunContext
from pgfleet.run.report_folders import check_report_folders

OptionalEnvironment = Annotated[
    str | None,
    typer.Argument(
        metavar="ENV",
        help="Environment in the fleet file. Required without --dsn.",
        autocompletion=complete_environments,
    ),
]


@with_groups
def audit(
    selected: Selected,
    output_format: AuditOutputFormat = AuditFormat.TABLE,
    output: OutputFile = None,
    environment: OptionalEnvironment = None,
    local: Local = False,
    dsn: Annotated[
        str | None,
        typer.Option(metavar="DSN", help="Audit this database instead of an environment, without Prefect."),
    ] = None,
    ledger_owner: LedgerOwners = None,
    since: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Compare with this audit document, not with the last audit.")
    ] = None,
    granularity: Detail = Granularity.AUTO,
    full: Annotated[
        bool, typer.Option("--full", help="Read every catalog, even if unchanged since the last audit.")
    ] = False,
) -> None:
    """Compare every tenant with the manifest. Changes nothing.

    Exit status:
    0  every tenant is ready
    1  some tenant is not ready, or lost rows
    2  the command or a file is wrong
    3  some tenant could not be inspected
    """
    from pgfleet.cli.output import write_audit

    context = _context(environment, dsn, ledger_owner, selected)
    check_writable(output)
    check_report_folders(context.environment)
    name = context.environment.name
    if since:
        files.load_audit(since, name)
    if local or dsn:
        document = _audit_locally(context, since, full=full)
    else:
        file = str(since.absolute()) if since else None
        options = {"granularity": granularity, "since_file": file, "full": full, **selected.selection.parameters}
        document = run_audit(name, **options)
    write_audit(document, context, output_format, output)
    status = EXIT_STATUS[outcome_of(document.tenants)]
    if dsn and status and any(each.migrations for each in document.tenants):
        typer.echo(f"To run the commands of this report, first: {_init_command(dsn, ledger_owner)}", err=True)
    elif dsn and any("scratch_dsn" in (each.reason or "") for each in document.tenants):
        typer.echo(f"To write a fleet file for scratch_dsn: {_init_command(dsn, ledger_owner)}", err=True)
    raise typer.Exit(status)


def _context(
    environment: str | None, dsn: str | None, ledger_owners: list[str] | None, selected: Selected
) -> RunContext:
    from pgfleet.postgres.read.run_context import load_context, load_dsn_context

    if dsn is None:
        if environment is None:
            raise ConfigurationError("audit", "", "name an environment of the fleet file, or a database with --dsn")
        if ledger_owners:
            raise ConfigurationError("--ledger-owner", "", "needs --dsn; an environment has the key ledger_owners")
        return load_context(environment, selected.selection, run=f"audit {environment}")
    if environment is not None or selected != Selected():
        raise ConfigurationError("--dsn", "", "cannot be combined with an environment, --tenant, --ring, or --label")
    return load_dsn_context(dsn, run="audit", ledger_owners=ledger_owners or ())


def _init_command(dsn: str, ledger_owners: list[str] | None) -> str:
    """The command that writes a fleet file for the database, without a password."""
    from pgfleet.postgres.dsn_environment import without_passwords

    manifest = settings.Settings().manifest
    words = [
        *(("--manifest", manifest) if manifest else ()),
        *("init", "--dsn", without_passwords(dsn) or "DSN"),
        *(word for owner in ledger_owners or () for word in ("--ledger-owner", owner)),
    ]
    return shlex.join(["pgfleet", *words])


def _audit_locally(context: RunContext, since: Path | None, *, full: bool) -> AuditDocument:
    from pgfleet.local.audit import audit_fleet

    with showing_progress(f"audit of {context.environment.name}"):
        return audit_fleet(context, since, full=full)


def run_audit(environment: str, **parameters: Any) -> AuditDocument:
    """One run of the flow `audit`, with its progress on standard error. Raises PgfleetError if the run failed."""
    temporary_server.start()
    from pgfleet.cli.run_flow import run_flow
    from pgfleet.flows.audit import audit_fleet
    from pgfleet.tasks.support.results import AUDIT_DOCUMENT

    with showing_progress(f"audit of {environment}"):
        return run_flow(audit_fleet, AUDIT_DOCUMENT, environment=environment, **parameters)
