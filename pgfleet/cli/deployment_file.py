"""The deployments of an environment in Prefect: each kind of deployments/prefect.yaml, made its own."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pgfleet.cli.yaml_file import read_yaml
from pgfleet.errors import ConfigurationError
from pgfleet.validation import first_fault


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Schedule(_Table):
    """When runs are to begin, as cron has it."""

    cron: str
    timezone: str
    slug: str


class Limit(_Table):
    """How many runs there may be at once, and what becomes of one more."""

    limit: int
    collision_strategy: str


class WorkPool(_Table):
    """Whose workers run it, and what they are told."""

    name: str
    job_variables: Mapping[str, Any] = Field(default_factory=dict)


class Deployment(_Table):
    """One deployment, or a kind of them, which has no name yet."""

    entrypoint: str
    work_pool: WorkPool
    name: str = ""
    description: str | None = None
    tags: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = Field(default_factory=dict)
    schedules: tuple[Schedule, ...] = ()
    concurrency_limit: Limit | None = None

    def on(self, pool: str, *, name: str | None = None) -> "Deployment":
        """The same on that work pool; what its workers are told is left to their own environment."""
        return self.model_copy(update={"work_pool": WorkPool(name=pool), "name": name or self.name})

    def told(self, job_variables: Mapping[str, Any]) -> "Deployment":
        """The same, with these job variables."""
        return self.model_copy(update={"work_pool": WorkPool(name=self.work_pool.name, job_variables=job_variables)})


class DeploymentFile(BaseModel):
    """A file as `prefect deploy` reads it, with the kinds that its deployments are made of."""

    model_config = ConfigDict(frozen=True)  # the rest of it is Prefect's

    deployments: tuple[Deployment, ...]
    kinds: Mapping[str, Deployment] = Field(default_factory=dict)


def parse_deployments(tables: object, *, file: str) -> DeploymentFile:
    """The file by its form. Raises ConfigurationError."""
    try:
        return DeploymentFile.model_validate(tables)
    except ValidationError as error:
        raise ConfigurationError(file, *first_fault(error)) from None


def deployments_of(kinds: Mapping[str, Deployment], environment: str, timezone: str) -> Iterator[Deployment]:
    """One of each kind, named after both, with the environment as its parameter and the schedule in its time zone."""
    for name, kind in kinds.items():
        yield kind.model_copy(
            update={
                "name": f"{name}-{environment}",
                "tags": ("pgfleet", f"env:{environment}"),
                "parameters": {"environment": environment, **kind.parameters},
                "schedules": tuple(each.model_copy(update={"timezone": timezone}) for each in kind.schedules),
            }
        )


def load_deployments(path: Path) -> DeploymentFile:
    """The deployments of a file as `prefect deploy` reads it. Raises ConfigurationError."""
    return parse_deployments(read_yaml(path), file=str(path))
