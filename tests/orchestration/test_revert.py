"""`pgfleet revert`: down scripts, newest first."""

import json
from pathlib import Path

import pytest
from fixtures.command import CommandLine
from fixtures.fleet import ENVIRONMENT, Fleet
from fixtures.servers import Server

TABLES = "SELECT to_regclass('users') IS NOT NULL, to_regclass('posts') IS NOT NULL"
EVENTS = "SELECT event, version FROM pgfleet.ledger_events ORDER BY id"
ARGUMENTS = ("--yes", "--granularity", "step")


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A manifest of goose files, of which the last can be reverted and the first not."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "1_users.sql").write_text("-- +goose Up\nCREATE TABLE users (id int PRIMARY KEY);\n")
    down = "-- +goose Down\nDROP TABLE posts;\n"
    (folder / "2_posts.sql").write_text(f"-- +goose Up\nCREATE TABLE posts (id int PRIMARY KEY);\n{down}")
    file = tmp_path / "manifest.toml"
    file.write_text('format = 2\n[source]\ndirectory = "migrations"\ntool = "goose"\n[[counts]]\ntable = "posts"\n')
    return file


@pytest.fixture
def database(pgfleet: CommandLine, fleet: Fleet, manifest: Path, embedded_server: Server) -> str:
    """A tenant's database to which the manifest was rolled out."""
    name = embedded_server.create_database()
    fleet.tenant("acme", embedded_server.cluster.dsn(name))
    done = pgfleet("rollout", ENVIRONMENT, "--manifest", str(manifest), *ARGUMENTS)
    assert done.returncode == 0, done.stderr
    return name


def test_a_revert_is_planned_carried_out_and_reported(
    pgfleet: CommandLine, manifest: Path, database: str, embedded_server: Server
) -> None:
    embedded_server.execute("INSERT INTO posts VALUES (1)", database)
    command = ("revert", ENVIRONMENT, "--to", "1", "--manifest", str(manifest), *ARGUMENTS)
    dry = pgfleet(*command, "--dry-run")
    assert (dry.returncode, embedded_server.query(TABLES, database)) == (0, [(True, True)])
    assert "Revert dry run" in dry.stdout

    done = pgfleet(*command, "--format", "json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    [step] = document["tenants"][0]["migrations"]
    assert (document["revert_to"], step["action"], step["status"]) == ("1", "revert", "done")
    assert step["detail"] == "deletes 1 row of posts"
    assert embedded_server.query(TABLES, database) == [(True, False)]
    assert embedded_server.query(EVENTS, database)[-1] == ("reverted", "2")
    again = pgfleet(*command)
    assert (again.returncode, "1 unchanged" in again.stdout) == (0, True)


def test_a_missing_down_script_stops_a_revert_before_anything_is_run(
    pgfleet: CommandLine, manifest: Path, database: str, embedded_server: Server
) -> None:
    done = pgfleet("revert", ENVIRONMENT, "--to", "none", "--manifest", str(manifest), *ARGUMENTS)
    assert done.returncode == 2
    [line] = [line for line in done.stderr.splitlines() if line.startswith("pgfleet:")]
    assert line == (
        "pgfleet: revert: 1_users.sql: has no down script; "
        "name one in the manifest (revert = …), or revert to this version"
    )
    assert embedded_server.query(TABLES, database) == [(True, True)]


def test_a_version_that_the_manifest_does_not_have_is_refused(
    pgfleet: CommandLine, fleet: Fleet, manifest: Path
) -> None:
    fleet.tenant("acme", "postgresql://localhost/acme")
    done = pgfleet("revert", ENVIRONMENT, "--to", "3", "--manifest", str(manifest))
    assert done.returncode == 2
    assert "--to: 3: not in the manifest, which has: 1, 2; 'none' reverts all of them" in done.stderr
