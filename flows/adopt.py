"""The adoption of migrations: ledger rows for what is applied already."""

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


@flow(name="adopt", flow_run_name=dated("adopt {environment}"))
def adopt_fleet(
    environment: EnvironmentName,
    through: Annotated[Name, Described("The last version that is applied in these tenants.")],
    tenants: TenantNames = None,
    rings: RingNames = None,
    labels: Labels = None,
    dry_run: DryRun = False,
    yes: Approve = False,
    granularity: Detail = Granularity.AUTO,
) -> State[Any]:
    """Records every migration up to a version in the tenants' ledgers, and runs nothing.

    Rings, budgets, and approval are those of a rollout. Raises ConfigurationError for a wrong fleet file, manifest, or
    version.
    """
    selection = Selection.of(tenants, rings, labels)
    return roll_out(
        "adopt", environment, selection, Scope(adopt_through=through), granularity, dry_run=dry_run, yes=yes
    )
