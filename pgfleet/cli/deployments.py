"""Makes the deployments in Prefect, and the work pool whose workers run them."""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.client.schemas.schedules import CronSchedule
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.flows import load_flow_from_entrypoint
from prefect.types.entrypoint import EntrypointType

from pgfleet.cli.deployment_file import Deployment, Limit, Schedule


def ensure_pool(name: str) -> None:
    """A process work pool of that name, as it is if it is there."""
    with get_client(sync_client=True) as client:
        try:
            client.read_work_pool(name)
        except ObjectNotFound:
            client.create_work_pool(WorkPoolCreate(name=name, type="process"))


def deploy(deployments: Iterable[Deployment]) -> list[str]:
    """Makes each, or changes it where it is there and differs; the full names of all of them."""
    return [_deploy(each) for each in deployments]


def _deploy(wanted: Deployment) -> str:
    flow: Flow[..., Any] = load_flow_from_entrypoint(wanted.entrypoint)
    made: RunnerDeployment = flow.to_deployment(  # type: ignore[assignment]  # this is synchronous
        name=wanted.name,
        description=wanted.description,
        tags=list(wanted.tags),
        parameters=dict(wanted.parameters),
        concurrency_limit=_limit(wanted.concurrency_limit),
        version=version("pgfleet"),
        work_pool_name=wanted.work_pool.name,
        job_variables=dict(wanted.work_pool.job_variables),
        entrypoint_type=EntrypointType.MODULE_PATH,
        enforce_parameter_schema=True,
    )
    made.apply(schedules=[_schedule(each) for each in wanted.schedules])
    return f"{flow.name}/{wanted.name}"


def _schedule(wanted: Schedule) -> dict[str, Any]:
    """Without a word on whether it is active: what somebody has switched off stays off."""
    return {"schedule": CronSchedule(cron=wanted.cron, timezone=wanted.timezone), "slug": wanted.slug}


def _limit(wanted: Limit | None) -> ConcurrencyLimitConfig | None:
    if wanted is None:
        return None
    strategy = ConcurrencyLimitStrategy(wanted.collision_strategy)
    return ConcurrencyLimitConfig(limit=wanted.limit, collision_strategy=strategy)
