"""Seeds a fleet: a rollout of the seeds only."""

from typing import Any

from prefect import State, flow

from pgfleet.documents.plan import Scope
from pgfleet.fleet.selection import Selection
from pgfleet.flows._rollout import roll_out
from pgfleet.flows._run import dated
from pgfleet.run.context import Granularity
from pgfleet.run.parameters import Approve, Detail, DryRun, EnvironmentName, Labels, RingNames, TenantNames


@flow(name="seed", flow_run_name=dated("seed {environment}"))
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
    selection = Selection.of(tenants, rings, labels)
    return roll_out("seed", environment, selection, Scope(migrations=False), granularity, dry_run=dry_run, yes=yes)
