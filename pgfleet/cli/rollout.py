"""The commands `rollout`, `seed`, `adopt`, and `revert`: the plan, the confirmation, and the result."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pgfleet.cli.options import (
    DryRunOption,
    EnvironmentArgument,
    GranularityOption,
    LabelOption,
    OutputOption,
    RingOption,
    RolloutFormat,
    RolloutFormatOption,
    SqlOption,
    TenantOption,
    YesOption,
    check_writable,
)
from pgfleet.cli.run_rollout import SQL_LINES, run_rollout
from pgfleet.documents.plan import Scope
from pgfleet.fleet.selection import Selection
from pgfleet.manifest.model import Priority
from pgfleet.rollout.planning import check_scope
from pgfleet.rollout.summary import RolloutOutcome, exit_status
from pgfleet.run.context import Granularity, RunContext


def rollout(
    environment: EnvironmentArgument,
    dry_run: DryRunOption = False,
    tenant: TenantOption = None,
    ring: RingOption = None,
    label: LabelOption = None,
    priority: Annotated[
        Priority | None, typer.Option(help="Only migrations of this priority or a higher one: P0 is the highest.")
    ] = None,
    rerun: Annotated[
        list[str] | None,
        typer.Option(metavar="VERSION", help="Run this migration again where it is already applied. Repeatable."),
    ] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Also run generated statements that fix drift.")] = False,
    recreate: Annotated[
        list[str] | None,
        typer.Option(metavar="TABLE", help="Create this lost table again, without its rows. Repeatable."),
    ] = None,
    yes: YesOption = False,
    sql: SqlOption = False,
    granularity: GranularityOption = Granularity.AUTO,
    output_format: RolloutFormatOption = RolloutFormat.TABLE,
    output: OutputOption = None,
) -> None:
    """Apply the pending migrations to every tenant, one ring after another.

    Prints the plan and asks before it writes anything; without a
    terminal, --yes is required. Commits a migration only if it is
    proven. To resume a rollout, run it again: it skips what is already
    applied.

    Exit status:
    0  everything was done
    1  some tenant failed or has drift, or it halted or was refused
    2  the command or a file is wrong
    3  some tenant could not be inspected
    """
    from pgfleet.postgres.read.run_context import load_context

    selection = Selection.of(tenant, ring, label)
    context = load_context(environment, selection)
    scope = Scope(priority=priority, rerun=tuple(rerun or ()), repair=repair, recreate=tuple(recreate or ()))
    check_scope(scope, context.manifest)
    options = {"dry_run": dry_run, "yes": yes, "granularity": granularity, **selection.parameters}
    _roll_out(context, scope, options, output_format, output, show_sql=sql)


def seed(
    environment: EnvironmentArgument,
    dry_run: DryRunOption = False,
    tenant: TenantOption = None,
    ring: RingOption = None,
    label: LabelOption = None,
    yes: YesOption = False,
    sql: SqlOption = False,
    granularity: GranularityOption = Granularity.AUTO,
    output_format: RolloutFormatOption = RolloutFormat.TABLE,
    output: OutputOption = None,
) -> None:
    """Add missing seed rows to every tenant. Leaves existing rows unchanged.

    Prints the plan and asks before it writes anything; without a
    terminal, --yes is required.

    Exit status:
    0  everything was done
    1  some tenant failed, or the seeding halted
    2  the command or a file is wrong
    3  some tenant could not be inspected
    """
    from pgfleet.postgres.read.run_context import load_context

    selection = Selection.of(tenant, ring, label)
    context = load_context(environment, selection)
    options = {"dry_run": dry_run, "yes": yes, "granularity": granularity, **selection.parameters}
    _roll_out(context, Scope(migrations=False), options, output_format, output, show_sql=sql)


def adopt(
    environment: EnvironmentArgument,
    through: Annotated[str, typer.Option(metavar="VERSION", help="The last version that is applied in the tenants.")],
    dry_run: DryRunOption = False,
    tenant: TenantOption = None,
    ring: RingOption = None,
    label: LabelOption = None,
    yes: YesOption = False,
    granularity: GranularityOption = Granularity.AUTO,
    output_format: RolloutFormatOption = RolloutFormat.TABLE,
    output: OutputOption = None,
) -> None:
    """Record that the tenants have all migrations up to a version. Runs no script.

    Without --tenant, --ring, and --label, records it in every tenant of
    the environment. Prints the plan first, including what is missing or
    different in the catalog, which does not stop it, and asks; without a
    terminal, --yes is required.

    Exit status:
    0  everything was recorded
    1  some tenant failed, or the adoption halted
    2  the command or a file is wrong
    3  some tenant could not be inspected
    """
    from pgfleet.postgres.read.run_context import load_context

    selection = Selection.of(tenant, ring, label)
    context = load_context(environment, selection)
    scope = Scope(adopt_through=through)
    check_scope(scope, context.manifest)
    options = {"dry_run": dry_run, "yes": yes, "granularity": granularity, **selection.parameters}
    _roll_out(context, scope, options, output_format, output)


def revert(
    environment: EnvironmentArgument,
    to: Annotated[
        str,
        typer.Option(
            metavar="VERSION", help="The version to go back to; it stays applied. 'none' reverts every migration."
        ),
    ],
    dry_run: DryRunOption = False,
    tenant: TenantOption = None,
    ring: RingOption = None,
    label: LabelOption = None,
    yes: YesOption = False,
    sql: SqlOption = False,
    granularity: GranularityOption = Granularity.AUTO,
    output_format: RolloutFormatOption = RolloutFormat.TABLE,
    output: OutputOption = None,
) -> None:
    """Run the down scripts of the migrations after a version, newest first.

    A revert commits only if the tenant then has the catalog of the
    position before it. Tables that a down script drops lose their rows:
    the plan names them. Nothing is run if a migration has no down script.

    Exit status:
    0  everything was reverted
    1  some tenant failed, or the revert halted
    2  the command or a file is wrong, or a down script is missing
    3  some tenant could not be inspected
    """
    from pgfleet.postgres.read.run_context import load_context

    selection = Selection.of(tenant, ring, label)
    context = load_context(environment, selection)
    scope = Scope(revert_to=to)
    check_scope(scope, context.manifest)
    options = {"dry_run": dry_run, "yes": yes, "granularity": granularity, **selection.parameters}
    _roll_out(context, scope, options, output_format, output, show_sql=sql)


def _roll_out(
    context: RunContext,
    scope: Scope,
    options: dict[str, Any],
    output_format: RolloutFormat,
    output: Path | None,
    *,
    show_sql: bool = False,
) -> None:
    from pgfleet.cli.output import write_rollout

    check_writable(output)
    # On standard output, only a table may follow the plan.
    options |= {
        "plan_to_stderr": output_format is not RolloutFormat.TABLE,
        "sql_lines": None if show_sql else SQL_LINES,
    }
    document = run_rollout(context, scope, **options)
    write_rollout(document, context, output_format, output, is_below_plan=True)
    raise typer.Exit(exit_status(RolloutOutcome(document.outcome), document.tenants))
