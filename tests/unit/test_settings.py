"""Where pgfleet's files are, as the environment says."""

import os
from pathlib import Path

import pytest

from pgfleet.run import settings
from pgfleet.run.settings import QUIET, SERVER, Settings
from pgfleet.run.shipped import sql_folder

VARIABLES = ("PGFLEET_CONFIG", "PGFLEET_MANIFEST")


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder without files, and an environment that says nothing; both are put back."""
    for name in (*VARIABLES, *QUIET, *SERVER):
        monkeypatch.setenv(name, "put back whatever a test sets")
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_variables_the_files_are_those_of_a_checkout() -> None:
    assert Settings().config == Path("deployments/fleet.toml")
    assert Settings().manifest == Path("sql/manifest.toml")


def test_the_variables_name_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGFLEET_CONFIG", "/etc/pgfleet/fleet.toml")
    monkeypatch.setenv("PGFLEET_MANIFEST", "own/manifest.toml")
    assert Settings().config == Path("/etc/pgfleet/fleet.toml")
    assert Settings().manifest_file == Path("own/manifest.toml")


def test_a_variable_that_a_deployment_left_empty_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "")
    assert Settings().config == Path("deployments/fleet.toml")
    assert Settings().manifest_file == sql_folder() / "manifest.toml"


def test_without_a_manifest_in_the_current_folder_the_shipped_one_is_meant() -> None:
    assert Settings().manifest_file == sql_folder() / "manifest.toml"
    assert Settings().manifest_file.is_file()


def test_a_manifest_in_the_current_folder_is_meant(elsewhere: Path) -> None:
    (elsewhere / "sql").mkdir()
    (elsewhere / "sql" / "manifest.toml").touch()
    assert Settings().manifest_file == Path("sql/manifest.toml")


@pytest.mark.parametrize("name", ["missing/manifest.toml", "sql/manifest.toml"])
def test_a_manifest_that_is_named_and_not_there_is_not_replaced(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("PGFLEET_MANIFEST", name)
    assert Settings().manifest_file == Path(name)


def test_the_files_in_use_are_those_of_child_processes_too(elsewhere: Path) -> None:
    settings.use(config=Path("fleet.toml"), manifest=Path("sql/../own.toml"))
    assert os.environ["PGFLEET_CONFIG"] == str(elsewhere / "fleet.toml")
    assert Settings().config == elsewhere / "fleet.toml"
    assert Settings().manifest_file == elsewhere / "sql" / ".." / "own.toml"


def test_what_is_not_named_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGFLEET_CONFIG", "/etc/fleet.toml")
    settings.use()
    assert {name: os.environ.get(name) for name in VARIABLES} == {
        "PGFLEET_CONFIG": "/etc/fleet.toml",
        "PGFLEET_MANIFEST": None,
    }


def test_variables_are_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROD_PASSWORD", "p@ss")
    assert settings.variables()["PROD_PASSWORD"] == "p@ss"


def test_prefect_is_quiet_unless_the_user_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    told = next(iter(QUIET))
    monkeypatch.setenv(told, "DEBUG")
    settings.prepare_prefect()
    assert {name: os.environ[name] for name in (*QUIET, *SERVER)} == QUIET | SERVER | {told: "DEBUG"}
