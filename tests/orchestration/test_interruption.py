"""A process that a signal ends while it works in a scratch database: it ends soon and drops the database."""

import signal
import subprocess
from pathlib import Path

import pytest
from fixtures.command import CommandLine
from fixtures.fleet import ENVIRONMENT, Fleet
from fixtures.servers import Server
from fixtures.waiting import until

from pgfleet.postgres.scratch.database import PREFIX

LONGEST_SECONDS = 60
MIGRATIONS = 30
SLOW = "SELECT pg_sleep(120);"


def scratch_databases(server: Server) -> list[tuple[str]]:
    return server.query(f"SELECT datname FROM pg_database WHERE starts_with(datname, '{PREFIX}')")


def write_manifest(folder: Path, last: str) -> Path:
    """A manifest of many small migrations; the last one runs this script."""
    scripts = [f"CREATE TABLE t{number} (id integer);" for number in range(1, MIGRATIONS)]
    lines = ["format = 1"]
    for number, sql in enumerate([*scripts, last], start=1):
        (folder / f"{number}_t.sql").write_text(sql)
        lines += ["[[migrations]]", f'file = "{number}_t.sql"', 'priority = "P0"', 'provides = "t"']
    path = folder / "manifest.toml"
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize(
    ("command", "how"),
    [
        (("manifest", "check", "--on", ENVIRONMENT), signal.SIGINT),
        (("audit", ENVIRONMENT), signal.SIGTERM),
    ],
    ids=["manifest check, SIGINT", "audit, SIGTERM"],
)
def test_a_signal_ends_a_replay_and_leaves_no_scratch_database(
    pgfleet: CommandLine, fleet: Fleet, server: Server, tmp_path: Path, command: tuple[str, ...], how: signal.Signals
) -> None:
    fleet.tenant("acme", server.cluster.dsn(server.create_database()))
    manifest = write_manifest(tmp_path, SLOW)
    process = pgfleet.started("--manifest", str(manifest), *command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    until(lambda: server.query("SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(120)%'"))
    assert len(scratch_databases(server)) == 1
    process.send_signal(how)
    _, stderr = process.communicate(timeout=LONGEST_SECONDS)
    assert process.returncode == 128 + how, stderr
    assert ": interrupted\n" in stderr
    assert scratch_databases(server) == []
