"""The one reader of the environment."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from pgfleet.run.shipped import sql_folder


class Settings(BaseSettings):
    """Where pgfleet's files are: `PGFLEET_CONFIG` and `PGFLEET_MANIFEST`."""

    model_config = SettingsConfigDict(env_prefix="PGFLEET_", env_ignore_empty=True, frozen=True)

    config: Path = Path("deployments/fleet.toml")
    manifest: Path = Path("sql/manifest.toml")

    @property
    def manifest_file(self) -> Path:
        """The manifest that is meant: without one in the current folder, the one that pgfleet ships."""
        is_default = "manifest" not in self.model_fields_set
        return sql_folder() / "manifest.toml" if is_default and not self.manifest.is_file() else self.manifest


def use(*, config: Path | None = None, manifest: Path | None = None) -> None:
    """Makes these the files of this process and of those that it starts (flow runs on a work pool among them)."""
    for name, path in (("PGFLEET_CONFIG", config), ("PGFLEET_MANIFEST", manifest)):
        if path is not None:
            os.environ[name] = str(path.absolute())


def names_fleet_file() -> bool:
    """Whether somebody has said which fleet file is meant."""
    return "config" in Settings().model_fields_set


def variables() -> Mapping[str, str]:
    """What `${VAR}` in a connection string can mean."""
    return os.environ


QUIET = {
    # Findings are Failed states, which Prefect would log as errors, one a step; the report says the same in order.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    # The temporary server's own concerns, when there is one.
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
}

SERVER = {
    # It makes its tables first, which takes a small machine longer than the default of 20 seconds.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    # By default each of a task run's states is written in a transaction of its own, which is more than half of all that
    # the server does, and on SQLite keeps everybody else from writing (docs/operations.md, "What Prefect stores").
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    # On SQLite the server would stand still for a minute now and then.
    "PREFECT_MESSAGING_BROKER": "pgfleet.tasks.support.messaging",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}
"""What a Prefect server that pgfleet starts is told."""


WORKER = {
    # A run that was begun in the web interface is under way at once.
    "PREFECT_WORKER_QUERY_SECONDS": "2",
    # In seconds; the default of 180 is too slow for worker_silence and deployments/automations.yaml.
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
}
"""What a worker that pgfleet starts is told, where the environment says nothing else."""


def prepare_prefect() -> None:
    """Before Prefect is imported. Standard error is for progress and errors; what the user has set is left alone."""
    for name, value in {**QUIET, **SERVER}.items():
        os.environ.setdefault(name, value)
