"""Runs a rollout: prints its plan, asks whether to carry it out, and returns the document."""

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markdown import Markdown

from pgfleet.cli import temporary_server
from pgfleet.cli.progress import INTERRUPTED, INTERRUPTED_CHANGES, showing_progress
from pgfleet.cli.prompt import is_agreed, is_confirmed, is_terminal
from pgfleet.cli.run_flow import run_flow
from pgfleet.documents.plan import Scope
from pgfleet.documents.rollout import RolloutDocument
from pgfleet.documents.rollout_plan import RolloutPlan
from pgfleet.errors import ConfigurationError
from pgfleet.fleet.selection import ALL_TENANTS, Selection
from pgfleet.run.context import RunContext
from pgfleet.run.report_folders import check_report_folders

if TYPE_CHECKING:
    from prefect import Flow

SQL_LINES = 20
"""How many lines of a script the plan shows, without --sql."""
SAME_PLAN = "The plan is still the one above: no tenant has changed."


def run_rollout(
    context: RunContext,
    scope: Scope,
    *,
    dry_run: bool = False,
    yes: bool = False,
    plan_to_stderr: bool = False,
    sql_lines: int | None = SQL_LINES,
    known_digest: str = "",
    selection: Selection = ALL_TENANTS,
    **parameters: Any,
) -> RolloutDocument:
    """One run of the flow `rollout`, `seed`, `adopt`, or `revert`, which prints the plan before anything is written.

    The plan shows `sql_lines` of each script, all if it is None, and no scripts if it is 0; the plan with the
    `known_digest` is only mentioned. At a terminal, asks before it writes: for the plan's digest where approval is
    required, otherwise for yes or no. Raises ConfigurationError if nobody can be asked, and PgfleetError if the run
    failed.
    """
    check_report_folders(context.environment)
    name, policy = context.environment.name, context.environment.policy
    must_ask = not dry_run and not yes
    if must_ask and not is_terminal() and not policy.rollout.approval:
        raise ConfigurationError("--yes", "", "is required without a terminal; --dry-run shows the plan first")
    temporary_server.start()
    from pgfleet.cli.output import show as show_on
    from pgfleet.flows._approval import asking, can_ask
    from pgfleet.reports.render import terminal
    from pgfleet.reports.views.plan import brief_plan_view, plan_view
    from pgfleet.tasks.support.results import ROLLOUT_DOCUMENT

    if must_ask and not is_terminal() and not can_ask():
        problem = "approval is required, but there is neither a terminal nor PREFECT_API_URL"
        raise ConfigurationError("--yes", "", problem)

    def show(plan: RolloutPlan) -> None:
        view = (
            brief_plan_view(plan, context.manifest, policy.rings)
            if sql_lines == 0
            else plan_view(plan, context.manifest, policy.rings, most_lines=sql_lines)
        )
        shown = f"{SAME_PLAN}\n" if plan.digest == known_digest else terminal.render(view)
        show_on(shown, sys.stderr if plan_to_stderr else sys.stdout)

    flow, own_parameters = _flow_of(scope)
    parameters |= selection.parameters | {"environment": name, "dry_run": dry_run, "yes": yes, **own_parameters}
    kind = f"{flow.name} dry run".removeprefix("rollout ") if dry_run else flow.name
    interrupted = INTERRUPTED if dry_run else INTERRUPTED_CHANGES
    with showing_progress(f"{kind} of {name}", show, interrupted=interrupted) as progress, ExitStack() as stack:
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
