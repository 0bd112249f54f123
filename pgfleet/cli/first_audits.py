"""`pgfleet up` starts the first audit of an environment by itself, and says where to look."""

from collections.abc import Iterable, Mapping

from prefect.client.orchestration import get_client
from rich.console import Console

from pgfleet.tasks.support.artifacts import artifact_key, to_key, to_run
from pgfleet.tasks.support.results import runs_that_published


def start_first_audits(environments: Iterable[str], *, is_demo: bool) -> Mapping[str, str]:
    """Starts an audit of each environment that has none in Prefect, and of the demo's, which is new; the runs' IDs."""
    chosen = [each for each in environments if is_demo or not runs_that_published(artifact_key("audit", each))]
    with get_client(sync_client=True) as client:
        found = {each: client.read_deployment_by_name(f"audit/audit-{each}").id for each in chosen}
        return {
            each: str(client.create_flow_run_from_deployment(deployment, name=f"audit {each}").id)
            for each, deployment in found.items()
        }


def explain(started: Mapping[str, str], environments: Iterable[str], page: str, console: Console) -> None:
    """Prints where the first audits are, where the results will be, and where runs are started."""
    for environment, run_id in started.items():
        console.print(f"The first audit of {environment} has started: {page}{to_run(run_id)}", markup=False)
    for environment in environments:
        summary = to_key(artifact_key("summary", environment))
        console.print(f"What it finds, and what fixes it ({environment}): {page}{summary}", markup=False)
    console.print(
        f"To start a rollout, or another run: {page}/deployments, choose a deployment, then Run", markup=False
    )
