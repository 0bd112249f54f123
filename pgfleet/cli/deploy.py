"""What Prefect is told of a fleet: its work pool, the deployments of its environments, the automations."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Console

from pgfleet.cli.automation_file import load_automations, tables_of
from pgfleet.cli.deployment_file import Deployment, deployments_of, load_deployments
from pgfleet.fleet.file import FleetDocument
from pgfleet.run.shipped import deployments_folder


def set_up(fleet: FleetDocument, pool: str, job_variables: Mapping[str, str], console: Console) -> None:
    """Makes them in the Prefect server that PREFECT_API_URL names, or changes what differs."""
    from pgfleet.cli.deployments import deploy, ensure_pool  # noqa: PLC0415

    ensure_pool(pool)
    made = deploy(each.told(job_variables) for each in _deployments(fleet, pool))
    console.print(f"{len(made)} deployments on the work pool {pool}: {', '.join(fleet.environments)}")
    set_up_automations(deployments_folder() / "automations.yaml", console)


def set_up_automations(path: Path, console: Console) -> None:
    """Applies that file's automations, and says what came of it. Raises ConfigurationError."""
    from pgfleet.cli.automations import apply_automations, notification_block  # noqa: PLC0415

    file = load_automations(path)
    block = notification_block(file.notify)
    done = Counter(apply_automations(tables_of(file, block), file=str(path)).values())
    console.print(f"automations: {', '.join(f'{count} {change}' for change, count in done.items())}")
    if block is None:
        said = f"they notify nobody: Prefect has no notification block named {file.notify}"
        console.print(f"{said} (docs/prefect.md, Notifications)", soft_wrap=True)


def _deployments(fleet: FleetDocument, pool: str) -> Iterator[Deployment]:
    """Of each environment what people start, and the waves of those that are distributed over this work pool."""
    kinds = load_deployments(deployments_folder() / "prefect.yaml").kinds
    for name, environment in fleet.environments.items():
        yield from (each.on(pool) for each in deployments_of(kinds, name, environment.timezone))
    if any(each.distribute and each.work_pool == pool for each in fleet.environments.values()):
        waves = load_deployments(deployments_folder() / "waves.yaml")
        yield from (each.on(pool, name=pool) for each in waves.deployments)
