"""The adoption of migrations: ledger rows for what is applied already."""

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
    """`adopt prod · 2026-11-24`."""
    return f"adopt {runtime.flow_run.parameters['environment']} · {datetime.now(UTC):%Y-%m-%d}"


@flow(name="adopt", flow_run_name=run_name)
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
    run_id = str(runtime.flow_run.id)
    selection, run = Selection.of(tenants, rings, labels), f"adopt {environment} {run_id[:8]}"
    with open_run(environment, selection, run=run, run_id=run_id, waves=WAVES) as context:
        scope = Scope(adopt_through=through)
        check_scope(scope, context.manifest)
        return Rollout(context=context, scope=scope, granularity=granularity).run(dry_run=dry_run, yes=yes)
