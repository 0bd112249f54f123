"""The commands `rollout`, `seed`, `adopt`, and `revert`: the plan, the confirmation, and the result."""

from typing import Annotated

import typer

from pgfleet.cli.completion import complete_versions
from pgfleet.cli.options import (
    Change,
    Environment,
    RolloutFormat,
    RolloutOutput,
    Selected,
    Sql,
    check_writable,
    with_groups,
)
from pgfleet.cli.run_rollout import SQL_LINES, run_rollout
from pgfleet.documents.plan import Scope
from pgfleet.manifest.model import Priority
from pgfleet.rollout.planning import check_scope
from pgfleet.rollout.summary import RolloutOutcome, exit_status


@with_groups
def rollout(
    environment: Environment,
    selected: Selected,
    change: Change,
    output: RolloutOutput,
    priority: Annotated[
        Priority | None, typer.Option(help="Only migrations of this priority or a higher one: P0 is the highest.")
    ] = None,
    rerun: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VERSION",
            help="Run this migration again where it is already applied. Repeatable.",
            autocompletion=complete_versions,
        ),
    ] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Also run generated statements that fix drift.")] = False,
    recreate: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Create this lost table or column again, empty. Repeatable."),
    ] = None,
    sql: Sql = False,
) -> None:
    """Apply pending migrations to every tenant, ring by ring.

    Prints the plan and asks before it writes; --yes is required without a terminal.
    Commits a migration only if it is proven.
    To resume a rollout, run it again: it skips what is already applied.

    Exit status:
    0  everything was done
    1  some tenant failed or has drift, or it halted or was refused
    2  the command or a file is wrong
    3  some tenant could not be inspected
    """
    scope = Scope(priority=priority, rerun=tuple(rerun or ()), repair=repair, recreate=tuple(recreate or ()))
    _roll_out(environment, scope, selected, change, output, show_sql=sql)


@with_groups
def seed(
    environment: Environment,
    selected: Selected,
    change: Change,
    output: RolloutOutput,
    sql: Sql = False,
) -> None:
    """Add missing seed rows to every tenant. Leaves existing rows unchanged.

    Prints the plan and asks before it writes; --yes is required without a terminal.

    Exit status:
    0  everything was done
    1  some tenant failed, or the seeding halted
    2  the command or a file is wrong
    3  some tenant could not be inspected
    """
    _roll_out(environment, Scope(migrations=False), selected, change, output, show_sql=sql)


@with_groups
def adopt(
    environment: Environment,
    selected: Selected,
    change: Change,
    output: RolloutOutput,
    through: Annotated[
        str,
        typer.Option(
            metavar="VERSION",
            help="The last version that is applied in the tenants.",
            autocompletion=complete_versions,
        ),
    ],
) -> None:
    """Record that the tenants have all migrations up to a version. Runs no script.

    Without --tenant, --ring, and --label, records it in every tenant.
    Prints the plan and asks before it writes; --yes is required without a terminal.
    The plan says what is missing or different in the catalog, which stops nothing.

    Exit status:
    0  everything was recorded
    1  some tenant failed, or the adoption halted
    2  the command or a file is wrong
    3  some tenant could not be inspected
    """
    scope = Scope(adopt_through=through)
    _roll_out(environment, scope, selected, change, output)


@with_groups
def revert(
    environment: Environment,
    selected: Selected,
    change: Change,
    output: RolloutOutput,
    to: Annotated[
        str,
        typer.Option(
            metavar="VERSION",
            help="The version to go back to; it stays applied. Or none: revert all.",
            autocompletion=complete_versions,
        ),
    ],
    sql: Sql = False,
) -> None:
    """Run the down scripts after a version, newest first.

    Commits only if the tenant then has the catalog of the position before it.
    Tables that a down script drops lose their rows: the plan names them.
    Nothing is run if a migration has no down script.

    Exit status:
    0  everything was reverted
    1  some tenant failed, or the revert halted
    2  the command or a file is wrong, or a down script is missing
    3  some tenant could not be inspected
    """
    scope = Scope(revert_to=to)
    _roll_out(environment, scope, selected, change, output, show_sql=sql)


def _roll_out(
    environment: str, scope: Scope, selected: Selected, change: Change, output: RolloutOutput, *, show_sql: bool = False
) -> None:
    from pgfleet.cli.output import write_rollout
    from pgfleet.postgres.read.run_context import load_context

    context = load_context(environment, selected.selection)
    check_scope(scope, context.manifest)
    check_writable(output.output)
    document = run_rollout(
        context,
        scope,
        dry_run=change.dry_run,
        yes=change.yes,
        # On standard output, only a table may follow the plan.
        plan_to_stderr=output.output_format is not RolloutFormat.TABLE,
        sql_lines=None if show_sql else SQL_LINES,
        granularity=change.granularity,
        selection=selected.selection,
    )
    write_rollout(document, context, output.output_format, output.output, is_below_plan=True)
    raise typer.Exit(exit_status(RolloutOutcome(document.outcome), document.tenants))
