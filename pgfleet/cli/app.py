"""The command line: the front door. Standard output holds the answer and nothing else.

Prefect takes seconds to import, so whatever needs it is imported by the command that needs it.
"""

import signal
import sys
import traceback
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from pgfleet.cli.manifest import manifest_app
from pgfleet.cli.options import (
    AuditFormat,
    AuditFormatOption,
    DryRunOption,
    EnvironmentArgument,
    Format,
    FormatOption,
    GranularityOption,
    LabelOption,
    OutputOption,
    RingOption,
    RolloutFormat,
    RolloutFormatOption,
    SinceOption,
    TenantOption,
    VersionOption,
    YesOption,
    refuse_unwritable,
)
from pgfleet.cli.prefect import automations, up
from pgfleet.documents.plan import Scope
from pgfleet.errors import ConfigurationError, FleetError, PgfleetError
from pgfleet.fleet.selection import Selection
from pgfleet.manifest.model import Priority
from pgfleet.run import settings
from pgfleet.run.context import Granularity, RunContext

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks show local variables, and those hold connection strings
)
app.add_typer(manifest_app, name="manifest")
app.command()(up)
app.command()(automations)

MISUSE, INCOMPLETE = 2, 3


@app.callback()
def choose_files(
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The fleet file (deployments/fleet.toml).")
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The manifest (sql/manifest.toml, else the shipped one)."),
    ] = None,
    version: VersionOption = False,  # noqa: ARG001 (a flag, of which its callback makes use)
) -> None:
    """Audits, rolls out and verifies PostgreSQL migrations across a fleet of tenant databases."""
    settings.use(config=config, manifest=manifest)


@app.command()
def audit(
    environment: EnvironmentArgument,
    tenant: TenantOption = None,
    ring: RingOption = None,
    label: LabelOption = None,
    granularity: GranularityOption = Granularity.STEP,
    since: SinceOption = None,
    output_format: AuditFormatOption = AuditFormat.TABLE,
    output: OutputOption = None,
) -> None:
    """Hold every tenant against the manifest. Changes nothing.

    Exit status: 0 every tenant is ready, 1 some are not or lost rows, 2 the command or a file is wrong, 3 some could
    not be judged.
    """
    from pgfleet.cli.run_flow import run_audit  # noqa: PLC0415

    context = _context(environment, tenant, ring, label)
    refuse_unwritable(output)
    chosen = (tenant, ring, granularity, label)
    raise typer.Exit(run_audit(context, *chosen, since=since, output_format=output_format, output=output))


@app.command()
def rollout(
    environment: EnvironmentArgument,
    dry_run: DryRunOption = False,
    tenant: TenantOption = None,
    ring: RingOption = None,
    label: LabelOption = None,
    priority: Annotated[Priority | None, typer.Option(help="Only migrations of this priority.")] = None,
    rerun: Annotated[
        list[str] | None, typer.Option("--rerun", metavar="VERSION", help="Run this one again where it is applied.")
    ] = None,
    yes: YesOption = False,
    granularity: GranularityOption = Granularity.STEP,
    output_format: RolloutFormatOption = RolloutFormat.TABLE,
    output: OutputOption = None,
) -> None:
    """Bring every tenant to the manifest, ring after ring. Each migration is proven and committed, or not at all.

    The plan is printed before anything is written. Stopped or failed, it is run again: what is done is skipped.

    Exit status: 0 all was done, 1 some tenant failed or the rollout halted, 2 the command or a file is wrong,
    3 some tenant could not be reached or looked at.
    """
    scope = Scope(priority=priority, rerun=tuple(rerun or ()))
    _roll_out(environment, tenant, ring, label, scope, granularity, output_format, output, dry_run=dry_run, yes=yes)


@app.command()
def repair(
    environment: EnvironmentArgument,
    tenant: TenantOption = None,
    label: LabelOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Have it done once it is rehearsed, without a question.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Rehearse it, and ask nothing.")] = False,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Put right what drifted in chosen tenants: a rerun where that is proven, else statements made for it.

    Always rehearsed first, in a transaction that is rolled back. Without --yes it asks; where there is nobody to ask,
    nothing more is done.

    Exit status: 0 nothing is left to be done, 1 something failed, needs a person or was only rehearsed, 2 the command
    or a file is wrong, 3 some tenant could not be reached or looked at.
    """
    from pgfleet.cli.repair import run_repair  # noqa: PLC0415

    if not tenant:
        raise FleetError("--tenant", "", "is required: name the tenants to be repaired, one or more")
    context = _context(environment, tenant, None, label)
    refuse_unwritable(output)
    as_json = output_format is Format.JSON
    raise typer.Exit(run_repair(context, tenant, label, dry_run=dry_run, yes=yes, as_json=as_json, output=output))


@app.command()
def seed(
    environment: EnvironmentArgument,
    dry_run: DryRunOption = False,
    tenant: TenantOption = None,
    ring: RingOption = None,
    label: LabelOption = None,
    yes: YesOption = False,
    granularity: GranularityOption = Granularity.STEP,
    output_format: RolloutFormatOption = RolloutFormat.TABLE,
    output: OutputOption = None,
) -> None:
    """Add the baseline rows that are missing. Rows that are there are never touched.

    Rings, failure budgets, approval and exit status are those of a rollout.
    """
    scope = Scope(migrations=False)
    _roll_out(environment, tenant, ring, label, scope, granularity, output_format, output, dry_run=dry_run, yes=yes)


@app.command()
def counts(
    environment: EnvironmentArgument,
    tenant: TenantOption = None,
    ring: RingOption = None,
    label: LabelOption = None,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Count the rows of the manifest's tables in every tenant. Changes nothing.

    Exit status: 0 every tenant was counted, 2 the command or a file is wrong, 3 some could not be counted.
    """
    from pgfleet.cli.run_flow import run_counts  # noqa: PLC0415

    context = _context(environment, tenant, ring, label)
    refuse_unwritable(output)
    raise typer.Exit(run_counts(context, tenant, ring, label, as_json=output_format is Format.JSON, output=output))


@app.command()
def tenants(
    environment: EnvironmentArgument,
    tenant: TenantOption = None,
    ring: RingOption = None,
    label: LabelOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """The inventory as resolved, without passwords. Connects to no tenant; reads the inventories that are named.

    Exit status: 0 here they are, 2 the command or a file is wrong, 3 an inventory could not be read.
    """
    from pgfleet.cli.inventory import show_tenants  # noqa: PLC0415

    show_tenants(_context(environment, tenant, ring, label), as_json=output_format is Format.JSON)


@app.command()
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the fleet running, with its fleet.toml.")] = False,
) -> None:
    """A fleet made on the spot in an embedded PostgreSQL: audit, dry run, rollout, audit again, repair."""
    from pgfleet.cli.demo import run_demo  # noqa: PLC0415

    raise typer.Exit(run_demo(keep=keep))


def _roll_out(
    environment: str,
    tenant: list[str] | None,
    ring: list[str] | None,
    label: list[str] | None,
    scope: Scope,
    granularity: Granularity,
    output_format: RolloutFormat,
    output: Path | None,
    *,
    dry_run: bool,
    yes: bool,
) -> None:
    from pgfleet.cli.rollout import run_rollout  # noqa: PLC0415

    context = _context(environment, tenant, ring, label)
    refuse_unwritable(output)
    chosen = (tenant, ring, scope, granularity, label)
    raise typer.Exit(
        run_rollout(context, *chosen, dry_run=dry_run, yes=yes, output_format=output_format, output=output)
    )


def _context(environment: str, tenant: list[str] | None, ring: list[str] | None, label: list[str] | None) -> RunContext:
    from pgfleet.postgres.read.run_context import load_context  # noqa: PLC0415

    return load_context(environment, Selection.of(tenant, ring, label))


def main() -> None:
    """Runs the command line; a wrong file or option is one line on standard error and exit status 2.

    SIGTERM is as Ctrl-C, so that what was begun is ended; whatever else breaks it, it is not finished.
    """
    received: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        app()
    except ConfigurationError as error:
        print(f"pgfleet: {error}", file=sys.stderr)
        sys.exit(MISUSE)
    except PgfleetError as error:
        print(f"pgfleet: {error}", file=sys.stderr)
        sys.exit(INCOMPLETE)
    except SystemExit:
        if received:
            sys.exit(128 + signal.SIGTERM)
        raise
    except Exception:  # noqa: BLE001 (Python's own status for it would read as findings)
        traceback.print_exc()
        sys.exit(INCOMPLETE)
    finally:
        signal.signal(signal.SIGTERM, before)
