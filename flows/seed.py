"""Seeds a fleet: a rollout of the seeds only."""

from datetime import UTC, datetime
from typing import Any

from prefect import State, flow, runtime

from pgfleet.documents.plan import Scope
from pgfleet.fleet.selection import Selection
from pgfleet.flows._rollout import WAVES, Rollout
from pgfleet.flows._run import open_run
from pgfleet.run.context import Granularity
from pgfleet.run.parameters import Approve, Detail, DryRun, EnvironmentName, Labels, RingNames, TenantNames


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
    granularity: Detail = Granularity.AUTO,
) -> State[Any]:
    """Adds the baseline rows that are missing, if their table is applied. Existing rows are never changed.

    Rings, failure budgets, and approval are the same as for a rollout. Raises ConfigurationError for a wrong fleet file
    or manifest.
    """
    run_id = str(runtime.flow_run.id)
    selection, run = Selection.of(tenants, rings, labels), f"seed {environment} {run_id[:8]}"
    with open_run(environment, selection, run=run, run_id=run_id, waves=WAVES) as context:
        scope = Scope(migrations=False)
        return Rollout(context=context, scope=scope, granularity=granularity).run(dry_run=dry_run, yes=yes)
