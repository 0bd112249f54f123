"""Rolls a manifest out to a fleet."""

from datetime import UTC, datetime
from typing import Annotated, Any

from prefect import State, flow, runtime

from pgfleet.documents.plan import Scope
from pgfleet.fleet.selection import Selection
from pgfleet.flows._rollout import roll_out
from pgfleet.manifest.model import Priority
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
    """`rollout prod · 2026-11-24`, or `dry run prod · 2026-11-24`."""
    parameters: dict[str, Any] = runtime.flow_run.parameters
    kind = "dry run" if parameters.get("dry_run") else "rollout"
    return f"{kind} {parameters['environment']} · {datetime.now(UTC):%Y-%m-%d}"


@flow(name="rollout", flow_run_name=run_name)
def rollout_fleet(
    environment: EnvironmentName,
    tenants: TenantNames = None,
    rings: RingNames = None,
    labels: Labels = None,
    dry_run: DryRun = False,
    priority: Annotated[Priority | None, Described("Only migrations of this priority.")] = None,
    rerun: Annotated[list[Name] | None, Described("Run these versions again even if they are applied.")] = None,
    repair: Annotated[bool, Described("Also run generated statements that fix drift.")] = False,
    recreate: Annotated[
        list[Name] | None,
        Described("Create these lost tables and columns (TABLE.COLUMN) again, without what was in them."),
    ] = None,
    yes: Approve = False,
    granularity: Detail = Granularity.AUTO,
) -> State[Any]:
    """Applies the manifest to every tenant, one ring after another. A migration commits only if it is proven.

    Completed if everything is done, else Failed with the name of the outcome. To continue, run it again.
    Raises ConfigurationError for a wrong fleet file, manifest, or selection.
    """
    scope = Scope(priority=priority, rerun=tuple(rerun or ()), repair=repair, recreate=tuple(recreate or ()))
    selection = Selection.of(tenants, rings, labels)
    return roll_out("rollout", environment, selection, scope, granularity, dry_run=dry_run, yes=yes)
