"""The manifest's folder on disk: an unreadable or invalid file is an error of one line."""

from pathlib import Path

import pytest

from pgfleet.errors import FleetError, ManifestError
from pgfleet.fleet.parse import build_environment
from pgfleet.manifest.checksums import script_checksum
from pgfleet.run.files import load_fleet, load_manifest

MANIFEST = b'format = 1\n[[migrations]]\nfile = "sql/1_one.sql"\npriority = "P0"\nprovides = "the first"\n'
SQL = b"CREATE TABLE one ();\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sql").mkdir()
    (tmp_path / "manifest.toml").write_bytes(MANIFEST)
    (tmp_path / "sql" / "1_one.sql").write_bytes(SQL)
    return tmp_path


def refusal(folder: Path) -> str:
    with pytest.raises(ManifestError) as caught:
        load_manifest(folder / "manifest.toml")
    return str(caught.value)


def test_scripts_are_read_from_the_manifests_own_folder(folder: Path) -> None:
    [migration] = load_manifest(folder / "manifest.toml").migrations
    assert (migration.script.path, migration.script.sql) == ("sql/1_one.sql", SQL.decode())


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(SQL.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(b"\xef\xbb\xbf" + SQL, id="byte order mark"),
    ],
)
def test_a_script_saved_on_windows_is_the_same_script(folder: Path, content: bytes) -> None:
    (folder / "sql" / "1_one.sql").write_bytes(content)
    [migration] = load_manifest(folder / "manifest.toml").migrations
    assert migration.script.checksum == script_checksum(SQL.decode())
    assert not migration.script.sql.startswith("\ufeff")


def test_a_missing_manifest_is_rejected(tmp_path: Path) -> None:
    file = tmp_path / "manifest.toml"
    assert refusal(tmp_path) == f"{file}: cannot be read: No such file or directory; name another with --manifest"


def test_a_directory_is_no_manifest(tmp_path: Path) -> None:
    folder = tmp_path / "my migrations"
    folder.mkdir()
    with pytest.raises(ManifestError) as caught:
        load_manifest(folder)
    assert caught.value.problem == f"is a directory; to create a manifest for it: pgfleet manifest init '{folder}'"


def test_a_manifest_that_is_not_utf_8_is_refused(folder: Path) -> None:
    (folder / "manifest.toml").write_bytes(b"# \xfc\n" + MANIFEST)
    assert refusal(folder) == f"{folder / 'manifest.toml'}: is not UTF-8, at line 1 (byte 2)"


def test_a_manifest_that_is_not_toml_is_refused(folder: Path) -> None:
    (folder / "manifest.toml").write_bytes(b"format 1")
    line = "is not valid TOML: Expected '=' after a key in a key/value pair (at line 1, column 8)"
    assert refusal(folder) == f"{folder / 'manifest.toml'}: {line}"


def test_a_missing_script_is_rejected(folder: Path) -> None:
    (folder / "sql" / "1_one.sql").unlink()
    problem = "'sql/1_one.sql' does not exist; paths are relative to the manifest's folder"
    assert refusal(folder) == f"{folder / 'manifest.toml'}: migrations[0].file: {problem}"


def test_a_script_that_is_not_utf_8_is_refused(folder: Path) -> None:
    (folder / "sql" / "1_one.sql").write_bytes(b"-- \xfc\n" + SQL)
    problem = "'sql/1_one.sql' is not UTF-8, at line 1 (byte 3)"
    assert refusal(folder) == f"{folder / 'manifest.toml'}: migrations[0].file: {problem}"


@pytest.mark.parametrize("content", [None, b"\xff"], ids=["not there", "not UTF-8"])
def test_a_fleet_file_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "fleet.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(FleetError) as caught:
        load_fleet(file)
    [line] = str(caught.value).splitlines()
    assert line.startswith((f"{file}: cannot be read", f"{file}: is not UTF-8"))
    assert line.endswith("; name another with --config (pgfleet init writes one)")


def test_a_fleet_file_on_disk_gives_its_environment(tmp_path: Path) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text('[[environments.prod.tenants]]\nname = "acme"\ndsn = "host=${HOST}"\n', encoding="utf-8")
    [tenant] = build_environment(load_fleet(file), "prod", {"HOST": "db1"}, file=str(file)).tenants
    assert (tenant.name, tenant.dsn.text) == ("acme", "host=db1")
