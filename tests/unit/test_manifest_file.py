"""Which manifest is used: the one that is named, and never one by accident."""

from pathlib import Path

import pytest

from pgfleet.errors import FleetError, ManifestError
from pgfleet.run.manifest_file import find_manifest, shipped_manifest

FLEET = "[environments.dev]\n"


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty current folder, and no variables."""
    for name in ("PGFLEET_CONFIG", "PGFLEET_MANIFEST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_fleet(folder: Path, first_line: str = "", name: str = "fleet.toml") -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(f"{first_line}\n{FLEET}")


def test_a_variable_takes_precedence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_fleet(folder, 'manifest = "other.toml"')
    monkeypatch.setenv("PGFLEET_MANIFEST", "own.toml")
    assert find_manifest() == Path("own.toml")
    monkeypatch.setenv("PGFLEET_MANIFEST", "example")
    assert find_manifest() == shipped_manifest()
    assert shipped_manifest().is_file()


@pytest.mark.parametrize("name", ["fleet.toml", "deployments/fleet.toml"])
def test_the_fleet_file_names_the_manifest_relative_to_itself(folder: Path, name: str) -> None:
    write_fleet(folder, 'manifest = "../sql/manifest.toml"', name)
    (folder / "manifest.toml").touch()
    assert find_manifest() == Path(name).parent / "../sql/manifest.toml"


def test_the_fleet_file_may_name_the_example(folder: Path) -> None:
    write_fleet(folder, 'manifest = "example"')
    assert find_manifest() == shipped_manifest()


@pytest.mark.parametrize("has_fleet", [True, False])
def test_otherwise_it_lies_beside_the_fleet_file(folder: Path, has_fleet: bool) -> None:
    (folder / "manifest.toml").touch()
    if has_fleet:
        write_fleet(folder)
    assert find_manifest() == Path("manifest.toml")


@pytest.mark.parametrize("has_fleet", [True, False])
def test_no_manifest_is_used_by_accident(folder: Path, has_fleet: bool) -> None:
    (folder / "sql").mkdir()
    (folder / "sql" / "manifest.toml").touch()
    if has_fleet:
        write_fleet(folder)
    with pytest.raises(ManifestError, match="name one with --manifest FILE") as caught:
        find_manifest()
    assert "\n" not in str(caught.value)


def test_a_fleet_file_that_is_named_must_exist(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "manifest.toml").touch()
    monkeypatch.setenv("PGFLEET_CONFIG", "nowhere.toml")
    with pytest.raises(FleetError, match=r"nowhere\.toml"):
        find_manifest()
