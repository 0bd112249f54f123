"""The wheel works where the user has `flows` and `tasks` modules of their own, first on the path."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from fixtures.fleet import Fleet
from fixtures.ports import free_port
from fixtures.up import Up, ask, final_state
from fixtures.waiting import until
from fixtures.wheel import Installed

from pgfleet.cli.app import app
from pgfleet.cli.manifest import manifest_app

ENVIRONMENT = "wheel"
QUICK = ("--granularity", "tenant")
COMMANDS: tuple[tuple[str, ...], ...] = (
    (),
    *((name,) for name in vars(typer.main.get_command(app))["commands"]),
    *(("manifest", name) for name in vars(typer.main.get_command(manifest_app))["commands"]),
)


def test_the_wheel_has_one_import_package(installed: Installed) -> None:
    top = {name.partition("/")[0] for name in installed.files}
    assert {name for name in top if not name.endswith(".dist-info")} == {"pgfleet"}
    for name in ("cli/app.py", "flows/audit.py", "tasks/support/states.py", "_sql/manifest.toml", "py.typed"):
        assert f"pgfleet/{name}" in installed.files
    assert not [name for name in installed.files if "test" in name.rpartition("/")[2]]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command) or "pgfleet")
def test_each_command_explains_itself(installed: Installed, command: tuple[str, ...]) -> None:
    done = installed.run(*command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[:3] == ["Usage:", "pgfleet", *command, "[OPTIONS]"][:3]


@pytest.mark.parametrize(
    ("command", "key"),
    [
        (("manifest",), "migrations"),
        (("manifest", "check"), "outcome"),
        (("tenants", ENVIRONMENT), "tenants"),
        (("audit", ENVIRONMENT, *QUICK), "summary"),
        (("rollout", ENVIRONMENT, "--yes", *QUICK), "outcome"),
        (("seed", ENVIRONMENT, "--yes", *QUICK), "outcome"),
        (("repair", ENVIRONMENT, "--tenant", "acme", "--dry-run"), "dry_run"),
        (("counts", ENVIRONMENT), "summary"),
        (("diff", ENVIRONMENT, "acme"), "verdict"),
        (("history", ENVIRONMENT, "acme"), "name"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_each_command_works_on_a_real_database(
    installed: Installed,
    fleet: Fleet,
    ready_dsn: Callable[[], str],
    prefect_api: str,
    command: tuple[str, ...],
    key: str,
) -> None:
    fleet.environment = ENVIRONMENT
    fleet.tenant("acme", ready_dsn())
    variables = {"PREFECT_API_URL": prefect_api, "PGFLEET_CONFIG": str(fleet.file), "PGFLEET_MANIFEST": "example"}
    done = installed.run(*command, "--format", "json", **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)[key]


@pytest.fixture
def up(installed: Installed, fleet: Fleet, tmp_path: Path) -> Iterator[Up]:
    fleet.environment = ENVIRONMENT
    with Up(tmp_path, fleet.file, installed.pgfleet) as made:
        yield made


def test_a_process_worker_runs_a_deployment(
    installed: Installed, up: Up, fleet: Fleet, ready_dsn: Callable[[], str], prefect_tables: Path
) -> None:
    fleet.tenant("acme", ready_dsn())
    up.begin_with(prefect_tables)
    process = up("--port", str(free_port()), PYTHONPATH=str(installed.theirs), PGFLEET_MANIFEST="example")
    api = f"{up.until_ready(process)}/api"
    audit = ask("GET", f"{api}/deployments/name/audit/audit-{ENVIRONMENT}")
    assert audit["entrypoint"] == "pgfleet.flows.audit.audit_fleet"
    run = ask("POST", f"{api}/deployments/{audit['id']}/create_flow_run", {"state": {"type": "SCHEDULED"}})
    state = until(lambda: final_state(ask("GET", f"{api}/flow_runs/{run['id']}")))
    assert (state["name"], state["message"]) == ("Completed", "1 tenant: 1 ready")
