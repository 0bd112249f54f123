"""Reverts a fleet to an earlier version, by the migrations' own down scripts."""

from datetime import UTC, datetime
from typing import Annotated, Any

from prefect import State, flow, runtime

from pgfleet.documents.plan import Scope
from pgfleet.fleet.selection import Selection
from pgfleet.flows._rollout import WAVES, Rollout
from pgfleet.flows._run import open_run
from pgfleet.rollout.planning import check_scope
from pgfleet.run.context import Granularity
from pgfleet.run.parameters import (
    Approve,
    Described,
    Detail,
    DryRun,
    EnvironmentName,
    Labels,
    Name,
    RingNames,
    TenantNames,
)


def run_name() -> str:
    """`revert prod to 20250401 · 2026-11-24`."""
    parameters: dict[str, Any] = runtime.flow_run.parameters
    return f"revert {parameters['environment']} to {parameters['to']} · {datetime.now(UTC):%Y-%m-%d}"


@flow(name="revert", flow_run_name=run_name)
def revert_fleet(
    environment: EnvironmentName,
    to: Annotated[Name, Described("The version to go back to, which stays applied; none reverts every migration.")],
    tenants: TenantNames = None,
    rings: RingNames = None,
    labels: Labels = None,
    dry_run: DryRun = False,
    yes: Approve = False,
    granularity: Detail = Granularity.AUTO,
) -> State[Any]:
    """Runs the down scripts of the migrations after a version, newest first. Each commits only if it is proven.

    Rings, failure budgets, approval, and final states are those of a rollout. Raises ConfigurationError for a wrong
    fleet file, manifest, or version, and if a migration to be reverted has no down script: nothing is run then.
    """
    run_id = str(runtime.flow_run.id)
    selection, run = Selection.of(tenants, rings, labels), f"revert {environment} {run_id[:8]}"
    with open_run(environment, selection, run=run, run_id=run_id, waves=WAVES) as context:
        scope = Scope(revert_to=to)
        check_scope(scope, context.manifest)
        return Rollout(context=context, scope=scope, granularity=granularity).run(dry_run=dry_run, yes=yes)
