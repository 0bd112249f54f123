"""The rollout of a fleet."""

from datetime import UTC, datetime
from typing import Annotated, Any

from prefect import State, flow, runtime

from pgfleet.documents.plan import Scope
from pgfleet.flows._rollout import WAVES, Rollout
from pgfleet.manifest.model import Priority
from pgfleet.postgres.read.run_context import load_context
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
from pgfleet.tasks.support.progress_artifact import publishing_progress
from pgfleet.tasks.support.server_lease import prefect_slots
from pgfleet.tasks.support.tags import tag_run
from pgfleet.tasks.support.work_pools import refuse_undeployed


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
    priority: Annotated[Priority | None, Described("P0: only what the assistant needs to start.")] = None,
    rerun: Annotated[list[Name] | None, Described("Run these versions again where they are applied.")] = None,
    yes: Approve = False,
    granularity: Detail = Granularity.STEP,
) -> State[Any]:
    """Brings every tenant to the manifest, one ring after another: each migration proven and committed, or not at all.

    Completed if all that was asked for is done, else Failed as Failed, Incomplete, Halted or Refused. Run again, it
    goes on where it ended. Raises ConfigurationError for a wrong fleet file, manifest or choice.
    """
    run_id = str(runtime.flow_run.id)
    chosen: dict[str, Any] = {"tenants": tenants or (), "rings": rings or (), "labels": labels or ()}
    context = load_context(
        environment, **chosen, run=f"rollout {environment} {run_id[:8]}", run_id=run_id, slots=prefect_slots
    )
    scope = Scope(priority=priority, rerun=tuple(rerun or ()))
    check_scope(scope, context.manifest)
    tag_run(f"env:{environment}")
    refuse_undeployed(context.environment, WAVES)
    with publishing_progress(f"progress-{environment}"):
        return Rollout(context=context, scope=scope, granularity=granularity).run(dry_run=dry_run, yes=yes)
