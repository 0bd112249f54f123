"""The wheel works where the user has `flows` and `tasks` modules of their own, first on the path."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import typer
from fixtures.fleet import Fleet
from fixtures.wheel import Installed

from pgfleet.cli.app import app

ENVIRONMENT = "wheel"
QUICK = ("--granularity", "tenant")
SMALL = Path(__file__).parents[1] / "manifests" / "concurrently" / "manifest.toml"
COMMANDS: tuple[tuple[str, ...], ...] = (
    (),
    *((name,) for name in vars(typer.main.get_command(app))["commands"]),
    *(("manifest", name) for name in vars(typer.main.get_command(app))["commands"]["manifest"].commands),
)


def test_the_wheel_has_one_import_package(installed: Installed) -> None:
    top = {name.partition("/")[0] for name in installed.files}
    assert {name for name in top if not name.endswith(".dist-info")} == {"pgfleet"}
    for name in ("cli/app.py", "flows/audit.py", "tasks/support/states.py", "_sql/manifest.toml", "py.typed"):
        assert f"pgfleet/{name}" in installed.files
    assert not [name for name in installed.files if "test" in name.rpartition("/")[2]]


def test_each_command_explains_itself(installed: Installed) -> None:
    for command, done in zip(COMMANDS, installed.run_all([(*each, "--help") for each in COMMANDS]), strict=True):
        assert (done.returncode, done.stderr) == (0, ""), command
        assert done.stdout.split()[:3] == ["Usage:", "pgfleet", *command, "[OPTIONS]"][:3]


ON_A_DATABASE: Mapping[tuple[str, ...], str] = {
    ("manifest",): "migrations",
    ("tenants", ENVIRONMENT): "tenants",
    ("audit", ENVIRONMENT, *QUICK): "summary",
    ("rollout", ENVIRONMENT, "--yes", *QUICK): "outcome",
    ("seed", ENVIRONMENT, "--yes", *QUICK): "outcome",
    ("repair", ENVIRONMENT, "--tenant", "acme", "--dry-run"): "dry_run",
    ("counts", ENVIRONMENT): "summary",
    ("diff", ENVIRONMENT, "acme"): "verdict",
    ("history", ENVIRONMENT, "acme"): "name",
    ("--manifest", str(SMALL), "manifest", "check"): "outcome",  # last: the process then has that manifest
}
"""Commands, and a key of the document that each prints."""


def test_each_command_works_on_a_real_database(
    installed: Installed, fleet: Fleet, ready_dsn: Callable[[], str], prefect_api: str
) -> None:
    fleet.environment = ENVIRONMENT
    fleet.tenant("acme", ready_dsn())
    variables = {"PREFECT_API_URL": prefect_api, "PGFLEET_CONFIG": str(fleet.file), "PGFLEET_MANIFEST": "example"}
    every_done = installed.run_all([(*each, "--format", "json") for each in ON_A_DATABASE], **variables)
    for (command, key), done in zip(ON_A_DATABASE.items(), every_done, strict=True):
        assert done.returncode == 0, (command, done.stdout + done.stderr)
        assert json.loads(done.stdout)[key], command
