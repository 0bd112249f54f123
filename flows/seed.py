"""The seeding of a fleet: the rollout of its seeds alone."""

from datetime import UTC, datetime
from typing import Any

from prefect import State, flow, runtime

from flows.rolling import WAVES, Rollout
from pgfleet.brief import Granularity
from pgfleet.parameters import Approve, Detail, EnvironmentName, Labels, Rehearse, RingNames, TenantNames
from pgfleet.pg.briefing import prepare_brief
from pgfleet.rollout.plan import Scope
from tasks.publish_progress import publishing_progress
from tasks.slots import prefect_slots
from tasks.tagging import tag_run
from tasks.work_pools import refuse_undeployed


def run_name() -> str:
    """`seed prod · 2026-11-24`."""
    return f"seed {runtime.flow_run.parameters['environment']} · {datetime.now(UTC):%Y-%m-%d}"


@flow(name="seed", flow_run_name=run_name)
def seed_fleet(
    environment: EnvironmentName,
    tenants: TenantNames = None,
    rings: RingNames = None,
    labels: Labels = None,
    rehearse: Rehearse = False,
    yes: Approve = False,
    granularity: Detail = Granularity.STEP,
) -> State[Any]:
    """Adds the baseline rows that are missing, where their table is applied; rows that are there are never touched.

    Rings, budgets and approval are those of a rollout. Raises ConfigurationError for a wrong fleet file or manifest.
    """
    run_id = str(runtime.flow_run.id)
    chosen: dict[str, Any] = {"tenants": tenants or (), "rings": rings or (), "labels": labels or ()}
    brief = prepare_brief(
        environment, **chosen, run=f"seed {environment} {run_id[:8]}", run_id=run_id, slots=prefect_slots
    )
    tag_run(f"env:{environment}")
    refuse_undeployed(brief.environment, WAVES)
    with publishing_progress(f"progress-{environment}"):
        scope = Scope(migrations=False)
        return Rollout(brief=brief, scope=scope, granularity=granularity).run(rehearse=rehearse, yes=yes)
