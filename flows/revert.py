"""Reverts a fleet to an earlier version, by the migrations' own down scripts."""

from typing import Annotated, Any

from prefect import State, flow

from pgfleet.documents.plan import Scope
from pgfleet.fleet.selection import Selection
from pgfleet.flows._rollout import roll_out
from pgfleet.flows._run import dated
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


@flow(name="revert", flow_run_name=dated("revert {environment} to {to}"))
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
    selection = Selection.of(tenants, rings, labels)
    return roll_out("revert", environment, selection, Scope(revert_to=to), granularity, dry_run=dry_run, yes=yes)
