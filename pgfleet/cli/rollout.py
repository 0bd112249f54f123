"""The commands `rollout`, `seed`, `adopt`, and `revert`: the plan, the confirmation, and the result."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markdown import Markdown

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
from pgfleet.cli.progress import showing_progress
from pgfleet.cli.prompt import is_agreed, is_confirmed, is_terminal
from pgfleet.cli.run_flow import run_flow
from pgfleet.documents.plan import RolloutPlan, Scope
from pgfleet.documents.rollout import RolloutDocument
from pgfleet.errors import ConfigurationError
from pgfleet.fleet.selection import Selection
from pgfleet.manifest.model import Priority
from pgfleet.rollout.planning import check_scope
from pgfleet.rollout.summary import RolloutOutcome, exit_status
from pgfleet.run import settings
from pgfleet.run.context import Granularity, RunContext

if TYPE_CHECKING:
    from prefect import Flow

SQL_LINES = 20
"""How many lines of a script the plan shows, without --sql."""
SAME_PLAN = "The plan is still the one above: no tenant has changed."


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
    granularity: GranularityOption = Granularity.STEP,
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
    1  some tenant failed or still has drift, or the rollout halted
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
    granularity: GranularityOption = Granularity.STEP,
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
    granularity: GranularityOption = Granularity.STEP,
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
    granularity: GranularityOption = Granularity.STEP,
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


def run_rollout(
    context: RunContext,
    scope: Scope,
    *,
    dry_run: bool = False,
    yes: bool = False,
    plan_to_stderr: bool = False,
    sql_lines: int | None = SQL_LINES,
    known_digest: str = "",
    **parameters: Any,
) -> RolloutDocument:
    """One run of the flow `rollout`, `seed`, `adopt`, or `revert`, which prints the plan before anything is written.

    The plan shows `sql_lines` of each script, all if it is None, and no scripts if it is 0; the plan with the
    `known_digest` is only mentioned. At a terminal, asks before it writes: for the plan's digest where approval is
    required, otherwise for yes or no. Raises ConfigurationError if nobody can be asked, and PgfleetError if the run
    broke off.
    """
    settings.prepare_prefect()
    from pgfleet.cli.output import console_on
    from pgfleet.flows._approval import asking, can_ask
    from pgfleet.reports.render import terminal
    from pgfleet.reports.views.plan import brief_plan_view, plan_view
    from pgfleet.tasks.support.results import ROLLOUT_DOCUMENT

    name, policy = context.environment.name, context.environment.policy
    must_ask = not dry_run and not yes
    if must_ask and not is_terminal():
        if not policy.rollout.approval:
            raise ConfigurationError("--yes", "", "is required without a terminal; --dry-run shows the plan first")
        if not can_ask():
            problem = "approval = true, and there is nobody to ask: no terminal, no PREFECT_API_URL"
            raise ConfigurationError("--yes", "", problem)

    def show(plan: RolloutPlan) -> None:
        view = (
            brief_plan_view(plan, context.manifest, policy.rings)
            if sql_lines == 0
            else plan_view(plan, context.manifest, policy.rings, most_lines=sql_lines)
        )
        shown = f"{SAME_PLAN}\n" if plan.digest == known_digest else terminal.render(view)
        console_on(sys.stderr if plan_to_stderr else sys.stdout).print(shown)

    flow, own_parameters = _flow_of(scope)
    parameters |= {"environment": name, "dry_run": dry_run, "yes": yes, **own_parameters}
    kind = f"{flow.name} dry run".removeprefix("rollout ") if dry_run else flow.name
    with showing_progress(f"{kind} of {name}", show) as progress, ExitStack() as stack:
        if must_ask and is_terminal():

            def ask(plan: RolloutPlan, page: str) -> bool:
                with progress.hidden():
                    if not page:
                        return is_agreed("Carry out this plan?")
                    Console(stderr=True).print(Markdown(page))
                    return is_confirmed("Carry out this plan?", plan.digest)

            stack.enter_context(asking(ask))
        return run_flow(flow, ROLLOUT_DOCUMENT, **parameters)


def _flow_of(scope: Scope) -> "tuple[Flow[..., Any], dict[str, object]]":
    """The flow that works on this scope, and the parameters that only it has."""
    from pgfleet.flows.adopt import adopt_fleet
    from pgfleet.flows.revert import revert_fleet
    from pgfleet.flows.rollout import rollout_fleet
    from pgfleet.flows.seed import seed_fleet

    if scope.adopt_through:
        return adopt_fleet, {"through": scope.adopt_through}
    if scope.revert_to:
        return revert_fleet, {"to": scope.revert_to}
    if not scope.migrations:
        return seed_fleet, {}
    return rollout_fleet, {
        "priority": scope.priority,
        "rerun": list(scope.rerun) or None,
        "repair": scope.repair,
        "recreate": list(scope.recreate) or None,
    }
