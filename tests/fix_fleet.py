"""A fleet of real tenants with a fleet file of its own, for flows and the command line."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from fix_servers import Server, apply_manifest

from pgfleet.manifest.model import Manifest
from pgfleet.run import settings
from pgfleet.run.shipped import sql_folder

ENVIRONMENT = "test"


class Fleet:
    """Writes the fleet file, tenant by tenant."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.environment = ENVIRONMENT
        self.rings = ["canary", "main"]
        self._policy: list[str] = []
        self._tenants: list[str] = []

    def policy(self, line: str) -> "Fleet":
        self._policy.append(line)
        return self._write()

    def replace_policy(self, line: str) -> "Fleet":
        self._policy = [line]
        return self._write()

    def tenant(self, name: str, dsn: str, **keys: str) -> "Fleet":
        lines = [f'name = "{name}"', f'dsn = "{dsn}"', *(f'{key} = "{value}"' for key, value in keys.items())]
        self._tenants.append("\n".join([f"[[environments.{self.environment}.tenants]]", *lines]))
        return self._write()

    def _write(self) -> "Fleet":
        rings = f"rings = {json.dumps(self.rings)}"
        # The audits of other tests in the same environment came before, of tenants that had the same names.
        shared = ['row_loss = "100%"'] if self.environment == ENVIRONMENT else []
        parts = [f"[environments.{self.environment}]", rings, *shared, *self._policy, *self._tenants]
        self.file.write_text("\n".join(parts) + "\n", encoding="utf-8")
        return self


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """An empty fleet, which the settings name, with the shipped manifest."""
    for name in ("PGFLEET_CONFIG", "PGFLEET_MANIFEST"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    made = Fleet(tmp_path / "fleet.toml")
    settings.use(config=made.file, manifest=sql_folder() / "manifest.toml")
    return made


@pytest.fixture(scope="session")
def embedded_template(embedded_server: Server, shipped_manifest: Manifest) -> str:
    """A database with the whole shipped manifest on the embedded server."""
    name = embedded_server.create_database()
    with embedded_server.session(name) as session:
        apply_manifest(session, shipped_manifest)
    return name


@pytest.fixture
def ready_dsn(embedded_server: Server, embedded_template: str) -> Callable[[], str]:
    """Makes a ready tenant's database, and says where it is."""
    return lambda: embedded_server.cluster.dsn(embedded_server.create_database(embedded_template))


@pytest.fixture
def new_dsn(embedded_server: Server) -> Callable[[], str]:
    """Makes a tenant's database with nothing in it, and says where it is."""
    return lambda: embedded_server.cluster.dsn(embedded_server.create_database())
