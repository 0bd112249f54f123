"""The only module that reads the environment."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pgfleet.errors import ConfigurationError
from pgfleet.run.writable import writing_problem

EXAMPLE = "example"
"""The name of the manifest in the package, in place of a path."""
FLEET_FILES = (Path("fleet.toml"), Path("deployments/fleet.toml"))


def _fleet_file() -> Path:
    """The named fleet file, else the first of `FLEET_FILES` that exists, else the first."""
    if named := os.environ.get("PGFLEET_CONFIG"):
        return Path(named)
    return next((each for each in FLEET_FILES if each.exists()), FLEET_FILES[0])


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The paths of pgfleet's files: `PGFLEET_CONFIG`, `PGFLEET_MANIFEST`, and `PGFLEET_STATE`. Empty means not set.

    `manifest` is a path or `EXAMPLE`; None if only the fleet file can say which manifest is used.
    """

    config: Path = field(default_factory=_fleet_file)
    manifest: str | None = field(default_factory=lambda: os.environ.get("PGFLEET_MANIFEST") or None)
    state: str | None = field(default_factory=lambda: os.environ.get("PGFLEET_STATE"))

    @property
    def state_folder(self) -> Path:
        """The folder for data that pgfleet keeps between runs; it may not exist yet.

        The default for root is one that the account of the embedded PostgreSQL can reach, unlike root's home.
        """
        if self.state:
            return Path(self.state).absolute()
        if os.geteuid() == 0:
            return Path("/var/lib/pgfleet")
        return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "pgfleet"


PREFECT_BYTES = 2_000_000
"""The least that Prefect's data needs at first."""


def use(*, config: Path | None = None, manifest: Path | str | None = None) -> None:
    """Sets the files for this process and its child processes, such as flow runs of a worker.

    `manifest` is a path or `EXAMPLE`.
    """
    for name, file in (("PGFLEET_CONFIG", config), ("PGFLEET_MANIFEST", manifest)):
        if file is not None:
            os.environ[name] = EXAMPLE if file == EXAMPLE else str(Path(file).absolute())


def names_fleet_file() -> bool:
    """Whether the user named a fleet file."""
    return bool(os.environ.get("PGFLEET_CONFIG"))


def variables() -> Mapping[str, str]:
    """The environment variables, for `${VAR}` in connection strings and for child processes."""
    return os.environ


QUIET = {
    # Findings are Failed states, each of which Prefect would log as an error; the report shows them in order.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
}
"""Prefect settings of a command."""

SERVER = {
    # The first start creates the tables, which takes a small machine longer than the default of 20 seconds.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    # By default each state of a task run is written in its own transaction, which is more than half of the server's
    # work, and on SQLite keeps everything else from writing (docs/operations.md, "What Prefect stores").
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}
"""Settings of a Prefect server that pgfleet starts."""


WORKER = {
    # A run that is started in the web interface begins at once.
    "PREFECT_WORKER_QUERY_SECONDS": "2",
    # In seconds; the default of 180 is too slow for worker_silence and deployments/automations.yaml.
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
}
"""Settings of a Prefect worker that pgfleet starts, unless the environment sets them."""


def prefect_home() -> Path:
    """The folder of Prefect's data."""
    return Path(os.environ.get("PREFECT_HOME") or Path.home() / ".prefect").expanduser()


def prefect_setting(name: str) -> str | None:
    """A setting of Prefect from the environment or the active profile, without importing Prefect, which takes seconds.

    Raises ConfigurationError if the profiles cannot be read.
    """
    if value := os.environ.get(name):
        return value
    file = Path(os.environ.get("PREFECT_PROFILES_PATH") or prefect_home() / "profiles.toml")
    try:
        profiles = tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    except (OSError, ValueError) as error:
        raise ConfigurationError(str(file), "", f"cannot be read: {error}") from None
    active = os.environ.get("PREFECT_PROFILE") or profiles.get("active")
    named = profiles.get("profiles")
    profile = named.get(active) if isinstance(named, dict) else None
    value = profile.get(name) if isinstance(profile, dict) else None
    return str(value) if value else None


def prepare_prefect() -> None:
    """Sets Prefect's settings, unless the user has set them. Must be called before Prefect is imported.

    Raises ConfigurationError if Prefect could not write its data; Prefect itself would try for minutes.
    """
    if problem := writing_problem(home := prefect_home(), PREFECT_BYTES):
        raise ConfigurationError("PREFECT_HOME", str(home), f"cannot be written: {problem}; choose another folder")
    for name, value in {**QUIET, **SERVER}.items():
        os.environ.setdefault(name, value)
