"""The compose file without a container engine: its form, and that all files that it names exist."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pgfleet.run.settings import SERVER
from pgfleet.run.shipped import deployments_folder

FILE = deployments_folder() / "docker-compose.yaml"
ROOT = deployments_folder().parent
OF_SQLITE = "PREFECT_MESSAGING_BROKER"


def checked(file: Path) -> "subprocess.CompletedProcess[str]":
    command = [Path(sys.executable).parent / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return found


def test_it_has_the_form_of_a_compose_file() -> None:
    done = checked(FILE)
    assert done.returncode == 0, done.stdout + done.stderr


def test_another_form_would_have_been_noticed(tmp_path: Path) -> None:
    wrong = tmp_path / "docker-compose.yaml"
    wrong.write_text(FILE.read_text().replace("condition: service_healthy", "condition: service_well"))
    assert checked(wrong).returncode == 1


def test_every_file_it_names_exists(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            assert needed in services, name
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[needed], needed
        assert set(service.get("secrets", ())) <= set(compose["secrets"]), name
        named = [each.split(":")[0] for each in service.get("volumes", ()) if not each.startswith(("$", "."))]
        assert set(named) <= set(compose["volumes"]), name
        if build := service.get("build"):
            assert (FILE.parent / build["context"]).resolve() == ROOT.resolve()
            assert (ROOT / build["dockerfile"]).is_file()


def test_no_password_stands_in_it(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        secret = [name for name in service.get("environment", {}) if "PASSWORD" in name and not name.endswith("_FILE")]
        assert secret == []


def test_its_servers_get_the_settings_of_every_pgfleet_server(compose: dict[str, Any]) -> None:
    told = [each["environment"] for name, each in compose["services"].items() if name.startswith("server")]
    asked = {name: value for name, value in SERVER.items() if "_EPHEMERAL_" not in name and name != OF_SQLITE}
    assert told
    assert [each for each in told if not asked.items() <= each.items()] == []


def test_the_image_is_built_from_existing_files() -> None:
    kept = [each[1:] for each in (FILE.parent / "Dockerfile.dockerignore").read_text().split() if each.startswith("!")]
    assert [each for each in kept if not list(ROOT.glob(each))] == []
