"""The seeding of a fleet: the rollout of its seeds alone."""

from datetime import UTC, datetime
from typing import Any

from prefect import State, flow, runtime

from pgfleet.documents.plan import Scope
from pgfleet.flows._rollout import WAVES, Rollout
from pgfleet.postgres.read.run_context import load_context
from pgfleet.run.context import Granularity
from pgfleet.run.parameters import Approve, Detail, DryRun, EnvironmentName, Labels, RingNames, TenantNames
from pgfleet.tasks.support.progress_artifact import publishing_progress
from pgfleet.tasks.support.server_lease import prefect_slots
from pgfleet.tasks.support.tags import tag_run
from pgfleet.tasks.support.work_pools import refuse_undeployed


def run_name() -> str:
    """`seed prod · 2026-11-24`."""
    return f"seed {runtime.flow_run.parameters['environment']} · {datetime.now(UTC):%Y-%m-%d}"


@flow(name="seed", flow_run_name=run_name)
def seed_fleet(
    environment: EnvironmentName,
    tenants: TenantNames = None,
    rings: RingNames = None,
    labels: Labels = None,
    dry_run: DryRun = False,
    yes: Approve = False,
    granularity: Detail = Granularity.STEP,
) -> State[Any]:
    """Adds the baseline rows that are missing, where their table is applied; rows that are there are never touched.

    Rings, budgets and approval are those of a rollout. Raises ConfigurationError for a wrong fleet file or manifest.
    """
    run_id = str(runtime.flow_run.id)
    chosen: dict[str, Any] = {"tenants": tenants or (), "rings": rings or (), "labels": labels or ()}
    context = load_context(
        environment, **chosen, run=f"seed {environment} {run_id[:8]}", run_id=run_id, slots=prefect_slots
    )
    tag_run(f"env:{environment}")
    refuse_undeployed(context.environment, WAVES)
    with publishing_progress(f"progress-{environment}"):
        scope = Scope(migrations=False)
        return Rollout(context=context, scope=scope, granularity=granularity).run(dry_run=dry_run, yes=yes)
