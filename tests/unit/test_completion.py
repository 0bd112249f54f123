"""What a shell completes, and the commands that only write files."""

from pathlib import Path

import pytest
from unit.command_line import run

from pgfleet.run import files

FLEET = """\
[environments.prod]
rings = ["canary", "main"]
[[environments.prod.tenants]]
name = "acme"
dsn = "host=h password=${UNSET}"
ring = "canary"
labels = {region = "eu"}
[[environments.prod.tenants]]
name = "globex"
dsn = "host=h dbname=g"
[environments.staging]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("PGFLEET_CONFIG", "PGFLEET_MANIFEST"):
        monkeypatch.setenv(name, "")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("pgfleet re", ["repair", "revert"]),
        ("pgfleet manifest ch", ["check"]),
        ("pgfleet audit p", ["prod"]),
        ("pgfleet audit prod --ring ", ["canary", "main"]),
        ("pgfleet audit prod --tenant ", ["acme", "globex"]),
        ("pgfleet audit prod --label ", ["region=eu"]),
        ("pgfleet diff prod g", ["globex"]),
        ("pgfleet --manifest example adopt prod --through 202504", ["20250401"]),
        ("pgfleet audit prod --since-n", []),
        ("pgfleet --config absent.toml audit ", []),
    ],
)
def test_a_shell_completes(
    words: str,
    completed: list[str],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "fleet.toml").write_text(FLEET, encoding="utf-8")
    monkeypatch.setenv("_PGFLEET_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    assert run(capsys, monkeypatch)[1].split() == completed


def test_init_writes_a_valid_fleet_file_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, monkeypatch, "init")[0] == 0
    assert [*files.load_fleet(folder / "fleet.toml").environments] == ["dev"]
    status, _, problem = run(capsys, monkeypatch, "init")
    assert (status, problem) == (2, "pgfleet: init: fleet.toml: exists already; name another file with --output\n")


def test_the_version_names_what_pgfleet_runs_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, shown, _ = run(capsys, monkeypatch, "audit", "prod", "--version")
    assert status == 0
    assert [line.rsplit(" ", 1)[0] for line in shown.splitlines()] == [
        "pgfleet",
        "Prefect",
        "psycopg",
        "embedded PostgreSQL",
    ]


def test_without_arguments_the_help_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, shown, problem = run(capsys, monkeypatch)
    assert (status, problem) == (0, "")
    assert shown.startswith("Usage: pgfleet [OPTIONS] COMMAND")
