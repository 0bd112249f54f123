"""`pgfleet init`: the fleet file that it writes, and the next steps that it names."""

from pathlib import Path

import pytest
from unit.command_line import run

from pgfleet.fleet.parse import build_environment, parse_fleet
from pgfleet.postgres.dsn_environment import without_passwords

SECRET = "s3cret-of-acme"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PGFLEET_CONFIG", "PGFLEET_MANIFEST", "PGPASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("dsn", "shown"),
    [
        ("host=db1 dbname=acme", "host=db1 dbname=acme"),
        ("host=db1 dbname=acme password=${PW}", "host=db1 dbname=acme password=${PW}"),
        ("postgresql://u:${PW}@db1/acme", "postgresql://u:${PW}@db1/acme"),
        (f"host=db1 dbname=acme password={SECRET}", "host=db1 dbname=acme password=${PGPASSWORD}"),
        (f"postgresql://u:{SECRET}@db1/acme", "user=u dbname=acme host=db1 password=${PGPASSWORD}"),
        (f"postgresql://db1/acme?password=${{A}}{SECRET}", "dbname=acme host=db1 password=${PGPASSWORD}"),
        (f"host=db1 sslpassword={SECRET}", "host=db1 sslpassword=${PGSSLPASSWORD}"),
        ("${DSN}", "${DSN}"),
        ("postgresql://u@db1:${PORT}x${HOST}/%", None),
    ],
)
def test_a_connection_string_is_shown_without_its_passwords(dsn: str, shown: str | None) -> None:
    found = without_passwords(dsn)
    assert found and {*found.split()} == {*(shown or "").split()} if shown else found is None


def test_the_template_is_valid_and_leads_to_the_manifest_and_doctor(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, err = run(capsys, monkeypatch, "init")
    assert (status, out.splitlines(), err) == (
        0,
        [
            "fleet.toml: an environment with one tenant; enter your own",
            "Next: pgfleet manifest init DIR, where DIR contains your migration files; then pgfleet doctor dev",
        ],
        "",
    )
    found = parse_fleet(Path("fleet.toml").read_text(encoding="utf-8"), file="fleet.toml")
    assert [each.name for each in build_environment(found, "dev", {"DEV_PASSWORD": "x"}, file="").tenants] == ["acme"]


def test_a_fleet_file_for_a_database_has_the_names_of_its_audit_and_no_password(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    (folder / "manifest.toml").touch()
    dsn = f"postgresql://u:{SECRET}@db1/Acme%20_shop"
    status, out, err = run(capsys, monkeypatch, "init", "--dsn", dsn, "--ledger-owner", "migrator")
    assert (status, err) == (0, "")
    assert out.splitlines()[-1] == "Next: set PGPASSWORD; then pgfleet doctor acme-shop"
    text = (folder / "fleet.toml").read_text(encoding="utf-8")
    assert SECRET not in text + out
    environment = build_environment(parse_fleet(text, file=""), "acme-shop", {"PGPASSWORD": "new"}, file="")
    [tenant] = environment.tenants
    assert (tenant.name, environment.policy.ledger_owners) == ("Acme _shop", ("migrator",))
    assert "password=new" in tenant.dsn.text


def test_a_fleet_file_is_not_overwritten(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    (folder / "fleet.toml").write_text("mine")
    status, _, err = run(capsys, monkeypatch, "init", "--dsn", "dbname=acme")
    assert (status, err) == (2, "pgfleet: init: fleet.toml: exists already; name another file with --output\n")
    status, out, _ = run(capsys, monkeypatch, "init", "--dsn", "dbname=acme", "--output", "acme.toml")
    assert (status, out.splitlines()[-1].endswith("pgfleet --config acme.toml doctor acme")) == (0, True)
    assert (folder / "fleet.toml").read_text() == "mine"


def test_ledger_owners_of_an_environment_are_in_its_fleet_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, _, err = run(capsys, monkeypatch, "audit", "prod", "--ledger-owner", "migrator")
    assert (status, err) == (2, "pgfleet: --ledger-owner: needs --dsn; an environment has the key ledger_owners\n")
