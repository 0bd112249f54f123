"""Runs a rollout or a seeding from the command line: shows the plan, asks, shows what came of it."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown

from pgfleet.cli.console import console_on
from pgfleet.cli.options import RolloutFormat
from pgfleet.cli.output import write_rollout
from pgfleet.cli.prompt import is_confirmed, is_terminal
from pgfleet.cli.run_flow import run_flow, showing_progress
from pgfleet.documents.plan import RolloutPlan, Scope
from pgfleet.documents.rollout import RolloutDocument
from pgfleet.errors import FleetError
from pgfleet.reports.render import terminal
from pgfleet.reports.views.plan import plan_view
from pgfleet.rollout.planning import check_scope
from pgfleet.rollout.summary import RolloutOutcome, exit_status
from pgfleet.run import settings
from pgfleet.run.context import Granularity, RunContext


def run_rollout(
    context: RunContext,
    tenants: Sequence[str] | None,
    rings: Sequence[str] | None,
    scope: Scope,
    granularity: Granularity = Granularity.STEP,
    labels: Sequence[str] | None = None,
    *,
    dry_run: bool,
    yes: bool,
    output_format: RolloutFormat,
    output: Path | None,
) -> int:
    """Rolls out, writes what came of it, and returns the exit status. Raises PgfleetError if it broke off."""
    check_scope(scope, context.manifest)
    chosen = {"tenants": tenants, "rings": rings, "labels": labels}
    is_mixed = output_format is RolloutFormat.TABLE  # the plan and the report are read one after the other
    document = roll_out(context, scope, granularity, **chosen, dry_run=dry_run, yes=yes, plan_to_stderr=not is_mixed)
    write_rollout(document, context, output_format, output)
    return exit_status(RolloutOutcome(document.outcome), document.tenants)


def roll_out(
    context: RunContext,
    scope: Scope,
    granularity: Granularity = Granularity.STEP,
    *,
    tenants: Sequence[str] | None = None,
    rings: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    dry_run: bool = False,
    yes: bool = False,
    plan_to_stderr: bool = False,
) -> RolloutDocument:
    """One run of the flow; the plan is printed before anything is written. Raises PgfleetError if it broke off."""
    settings.prepare_prefect()
    from pgfleet.flows._approval import asking, can_ask  # noqa: PLC0415
    from pgfleet.flows.rollout import rollout_fleet  # noqa: PLC0415
    from pgfleet.flows.seed import seed_fleet  # noqa: PLC0415
    from pgfleet.tasks.support.results import ROLLOUT_DOCUMENT  # noqa: PLC0415

    policy, stream = context.environment.policy, sys.stderr if plan_to_stderr else sys.stdout
    is_asked = policy.rollout.approval and not dry_run and not yes
    if is_asked and not is_terminal() and not can_ask():
        raise FleetError("--yes", "", "approval = true, and there is nobody to ask: no terminal, no PREFECT_API_URL")

    def show(plan: RolloutPlan) -> None:
        console_on(stream).print(terminal.render(plan_view(plan, context.manifest, policy.rings)))

    flow = rollout_fleet if scope.migrations else seed_fleet
    options: dict[str, Any] = {"dry_run": dry_run, "yes": yes, "granularity": granularity}
    if scope.migrations:
        options |= {"priority": scope.priority, "rerun": list(scope.rerun) or None}
    kind = f"{'' if scope.migrations else 'seed '}dry run" if dry_run else flow.name
    with showing_progress(f"{kind} of {context.environment.name}", show) as progress, ExitStack() as stack:
        if is_asked and is_terminal():

            def ask(plan: RolloutPlan, page: str) -> bool:
                with progress.off():
                    return _ask(plan, page)

            stack.enter_context(asking(ask))
        return run_flow(flow, ROLLOUT_DOCUMENT, context, tenants, rings, labels, **options)


def _ask(plan: RolloutPlan, page: str) -> bool:
    """The answer of a person who has the plan and its dry run before them, and copies the digest."""
    Console(stderr=True).print(Markdown(page))
    return is_confirmed("carry out this plan", plan.digest)
