"""Where pgfleet's files are, by the environment variables."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from pgfleet.run import settings
from pgfleet.run.settings import EXAMPLE, QUIET, SERVER, Settings

VARIABLES = ("PGFLEET_CONFIG", "PGFLEET_MANIFEST")


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder without files, and an environment that says nothing; both are put back."""
    for name in (*VARIABLES, *QUIET, *SERVER):
        monkeypatch.setenv(name, "put back whatever a test sets")
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("present", "chosen"),
    [
        pytest.param((), "fleet.toml", id="none"),
        pytest.param(("deployments/fleet.toml",), "deployments/fleet.toml", id="the one in deployments"),
        pytest.param(("deployments/fleet.toml", "fleet.toml"), "fleet.toml", id="both"),
    ],
)
def test_the_default_fleet_file_is_the_first_that_exists(elsewhere: Path, present: Sequence[str], chosen: str) -> None:
    for name in present:
        (elsewhere / name).parent.mkdir(exist_ok=True)
        (elsewhere / name).touch()
    assert Settings().config == Path(chosen)
    assert Settings().manifest is None


def test_the_variables_name_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGFLEET_CONFIG", "/etc/pgfleet/fleet.toml")
    monkeypatch.setenv("PGFLEET_MANIFEST", "own/manifest.toml")
    assert Settings().config == Path("/etc/pgfleet/fleet.toml")
    assert Settings().manifest == "own/manifest.toml"


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "")
    assert Settings().config == Path("fleet.toml")
    assert Settings().manifest is None


def test_child_processes_use_the_same_files(elsewhere: Path) -> None:
    settings.use(config=Path("fleet.toml"), manifest="sql/../own.toml")
    assert os.environ["PGFLEET_CONFIG"] == str(elsewhere / "fleet.toml")
    assert Settings().config == elsewhere / "fleet.toml"
    assert Settings().manifest == str(elsewhere / "sql" / ".." / "own.toml")
    settings.use(manifest=EXAMPLE)
    assert os.environ["PGFLEET_MANIFEST"] == EXAMPLE
    settings.use(manifest=f"./{EXAMPLE}")
    assert Settings().manifest == str(elsewhere / EXAMPLE)


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
