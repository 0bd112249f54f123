"""The one reader of the environment."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from pgfleet.shipped import sql_folder


class Settings(BaseSettings):
    """Where pgfleet's files are: `PGFLEET_CONFIG` and `PGFLEET_MANIFEST`."""

    model_config = SettingsConfigDict(env_prefix="PGFLEET_", frozen=True)

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


def variables() -> Mapping[str, str]:
    """What `${VAR}` in a connection string can mean."""
    return os.environ
