"""Creates the work pool and the deployments of a fleet in Prefect, or updates them."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.client.schemas.schedules import CronSchedule
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.flows import load_flow_from_entrypoint
from prefect.types.entrypoint import EntrypointType

from pgfleet.fleet.file import FleetDocument
from pgfleet.run.files import load_yaml
from pgfleet.run.shipped import deployments_folder
from pgfleet.version import VERSION

Table = Mapping[str, Any]
"""A deployment in the form of prefect.yaml."""
NONE: Table = MappingProxyType({})


def deployments_of_fleet(fleet: FleetDocument, pool: str) -> Iterator[Table]:
    """The deployments of each environment, and the waves if an environment runs them on this work pool."""
    for name, environment in fleet.environments.items():
        yield from deployments_of(name, environment.timezone)
    if any(each.distribute and each.work_pool == pool for each in fleet.environments.values()):
        waves: Any = load_yaml(deployments_folder() / "waves.yaml")
        yield from ({**each, "name": pool} for each in waves["deployments"])


def deployments_of(environment: str, timezone: str) -> Iterator[Table]:
    """One deployment of each kind in prefect.yaml, with the environment as a parameter and schedules in `timezone`."""
    file: Any = load_yaml(deployments_folder() / "prefect.yaml")
    for kind, table in file["kinds"].items():
        made = {
            **table,
            "name": f"{kind}-{environment}",
            "tags": ["pgfleet", f"env:{environment}"],
            "parameters": {"environment": environment, **table.get("parameters", NONE)},
        }
        if schedules := table.get("schedules"):
            made["schedules"] = [{**each, "timezone": timezone} for each in schedules]
        yield made


def fixed_template(job_variables: Table) -> dict[str, Any]:
    """A base job template with these values, which no deployment and no run can replace.

    It has no `env`, because Prefect's worker would merge a run's own variables into one.
    """
    return {"job_configuration": {**job_variables, "stream_output": True}, "variables": {"properties": {}}}


def ensure_pool(name: str, template: Table = NONE, *, replace: bool = False) -> None:
    """Creates a process work pool with this base job template; may `replace` that of an existing one."""
    with get_client(sync_client=True) as client:
        try:
            client.read_work_pool(name)
        except ObjectNotFound:
            client.create_work_pool(WorkPoolCreate(name=name, type="process", base_job_template=dict(template)))
        else:
            if replace:
                client.update_work_pool(name, WorkPoolUpdate(base_job_template=dict(template)))


def deploy(table: Table, pool: str, job_variables: Table = NONE) -> str:
    """Creates or updates one deployment on the work pool and returns its full name. Ignores the table's own pool."""
    flow: Flow[..., Any] = load_flow_from_entrypoint(table["entrypoint"])
    limit = table.get("concurrency_limit")
    made: RunnerDeployment = flow.to_deployment(  # type: ignore[assignment]  # synchronous here
        name=table["name"],
        description=table.get("description"),
        tags=list(table.get("tags", ())),
        parameters=dict(table.get("parameters", NONE)),
        concurrency_limit=ConcurrencyLimitConfig.model_validate(limit) if limit else None,
        version=VERSION,
        work_pool_name=pool,
        job_variables=dict(job_variables),
        entrypoint_type=EntrypointType.MODULE_PATH,
        enforce_parameter_schema=True,
    )
    # Without `active`: a schedule that was switched off in Prefect stays off.
    crons = [(each["slug"], each["cron"], each["timezone"]) for each in table.get("schedules", ())]
    made.apply(
        schedules=[{"schedule": CronSchedule(cron=cron, timezone=zone), "slug": slug} for slug, cron, zone in crons]
    )
    return f"{flow.name}/{made.name}"
