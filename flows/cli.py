"""The command line: the front door. Standard output holds the answer and nothing else.

Prefect takes seconds to import, so whatever needs it is imported by the command that needs it.
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pgfleet import settings
from pgfleet.brief import Brief, Granularity
from pgfleet.errors import ConfigurationError, PgfleetError
from pgfleet.manifest.model import Priority
from pgfleet.rollout.plan import Scope

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks show local variables, and those hold connection strings
)
manifest_app = typer.Typer(help="The manifest as read.", invoke_without_command=True)
app.add_typer(manifest_app, name="manifest")

MISUSE, INCOMPLETE = 2, 3


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
FormatOption = Annotated[Format, typer.Option("--format", help="For people, or one JSON document.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", help="Into this file instead of standard output.")
]
SinceOption = Annotated[
    Path | None,
    typer.Option("--since", metavar="FILE", help="Compare with this audit document, not with the last one in Prefect."),
]


@app.callback()
def choose_files(
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The fleet file (deployments/fleet.toml).")
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The manifest (sql/manifest.toml, else the shipped one)."),
    ] = None,
) -> None:
    """Audits, rolls out and verifies PostgreSQL migrations across a fleet of tenant databases."""
    settings.use(config=config, manifest=manifest)


@app.command()
def audit(
    environment: EnvironmentArgument,
    tenant: TenantOption = None,
    ring: RingOption = None,
    granularity: GranularityOption = Granularity.STEP,
    since: SinceOption = None,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Hold every tenant against the manifest. Changes nothing.

    Exit status: 0 every tenant is ready, 1 some are not or lost rows, 2 the command or a file is wrong, 3 some could
    not be judged.
    """
    from flows.running import refuse_unwritable, run_audit  # noqa: PLC0415

    brief = _brief(environment, tenant, ring)
    refuse_unwritable(output)
    as_json = output_format is Format.JSON
    raise typer.Exit(run_audit(brief, tenant, ring, granularity, since=since, as_json=as_json, output=output))


@app.command()
def rollout(
    environment: EnvironmentArgument,
    rehearse: RehearseOption = False,
    tenant: TenantOption = None,
    ring: RingOption = None,
    priority: Annotated[Priority | None, typer.Option(help="P0: only what the assistant needs to start.")] = None,
    rerun: Annotated[
        list[str] | None, typer.Option("--rerun", metavar="VERSION", help="Run this one again where it is applied.")
    ] = None,
    yes: YesOption = False,
    granularity: GranularityOption = Granularity.STEP,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Bring every tenant to the manifest, ring after ring. Each migration is proven and committed, or not at all.

    The plan is printed before anything is written. Stopped or failed, it is run again: what is done is skipped.

    Exit status: 0 all was done, 1 some tenant failed or the rollout halted, 2 the command or a file is wrong,
    3 some tenant could not be reached or looked at.
    """
    scope = Scope(priority=priority, rerun=tuple(rerun or ()))
    _roll_out(environment, tenant, ring, scope, granularity, output_format, output, rehearse=rehearse, yes=yes)


@app.command()
def seed(
    environment: EnvironmentArgument,
    rehearse: RehearseOption = False,
    tenant: TenantOption = None,
    ring: RingOption = None,
    yes: YesOption = False,
    granularity: GranularityOption = Granularity.STEP,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Add the baseline rows that are missing. Rows that are there are never touched.

    Rings, failure budgets, approval and exit status are those of a rollout.
    """
    scope = Scope(migrations=False)
    _roll_out(environment, tenant, ring, scope, granularity, output_format, output, rehearse=rehearse, yes=yes)


@app.command()
def counts(
    environment: EnvironmentArgument,
    tenant: TenantOption = None,
    ring: RingOption = None,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Count the rows of the manifest's tables in every tenant. Changes nothing.

    Exit status: 0 every tenant was counted, 2 the command or a file is wrong, 3 some could not be counted.
    """
    from flows.running import refuse_unwritable, run_counts  # noqa: PLC0415

    brief = _brief(environment, tenant, ring)
    refuse_unwritable(output)
    raise typer.Exit(run_counts(brief, tenant, ring, as_json=output_format is Format.JSON, output=output))


@app.command()
def tenants(
    environment: EnvironmentArgument,
    tenant: TenantOption = None,
    ring: RingOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """The inventory as resolved, without passwords. Connects to nothing."""
    from flows.answering import show_tenants  # noqa: PLC0415

    show_tenants(_brief(environment, tenant, ring), as_json=output_format is Format.JSON)


@manifest_app.callback()
def manifest(context: typer.Context, output_format: FormatOption = Format.TABLE) -> None:
    """The manifest as read and found right. Connects to nothing."""
    if context.invoked_subcommand:
        return
    from flows.answering import show_manifest  # noqa: PLC0415

    show_manifest(settings.Settings().manifest_file, as_json=output_format is Format.JSON)


@manifest_app.command()
def check(
    on: Annotated[
        str | None, typer.Option(metavar="ENV", help="On this environment's server instead of the embedded one.")
    ] = None,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Prove the manifest in scratch databases: run twice, run alone, what a rerun heals. Changes nothing in any tenant.

    Exit status: 0 it is proven, 1 something is wrong with it, 2 the command or a file is wrong, 3 something could not
    be looked at.
    """
    from flows.checking import run_manifest_check  # noqa: PLC0415
    from flows.running import refuse_unwritable  # noqa: PLC0415

    if on:
        _brief(on, None, None)
    refuse_unwritable(output)
    raise typer.Exit(run_manifest_check(on, as_json=output_format is Format.JSON, output=output))


@app.command()
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the fleet running, with its fleet.toml.")] = False,
) -> None:
    """A fleet made on the spot in an embedded PostgreSQL: audit, rehearsal, rollout, audit again."""
    from flows.demonstration import run_demo  # noqa: PLC0415

    raise typer.Exit(run_demo(keep=keep))


def _roll_out(
    environment: str,
    tenant: list[str] | None,
    ring: list[str] | None,
    scope: Scope,
    granularity: Granularity,
    output_format: Format,
    output: Path | None,
    *,
    rehearse: bool,
    yes: bool,
) -> None:
    from flows.rolling_out import run_rollout  # noqa: PLC0415
    from flows.running import refuse_unwritable  # noqa: PLC0415

    brief = _brief(environment, tenant, ring)
    refuse_unwritable(output)
    as_json = output_format is Format.JSON
    options = {"rehearse": rehearse, "yes": yes}
    raise typer.Exit(run_rollout(brief, tenant, ring, scope, granularity, **options, as_json=as_json, output=output))


def _brief(environment: str, tenant: list[str] | None, ring: list[str] | None) -> Brief:
    from pgfleet.pg.briefing import prepare_brief  # noqa: PLC0415

    return prepare_brief(environment, tenants=tenant or (), rings=ring or ())


def main() -> None:
    """Runs the command line; a wrong file or option is one line on standard error and exit status 2."""
    try:
        app()
    except ConfigurationError as error:
        print(f"pgfleet: {error}", file=sys.stderr)
        sys.exit(MISUSE)
    except PgfleetError as error:
        print(f"pgfleet: {error}", file=sys.stderr)
        sys.exit(INCOMPLETE)
