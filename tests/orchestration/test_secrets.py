"""A password stands nowhere: not in Prefect's database, its logs or artifacts, the document, the output."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from fixtures.command import CommandLine
from fixtures.fleet import ENVIRONMENT, Fleet
from fixtures.prefect import Records
from fixtures.servers import Server
from prefect.blocks.system import Secret
from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL, PREFECT_HOME

PASSWORD = "hush/h@sh:Pl4nted%20 secret"
WRONG = "Wr0ng-but-secret-too"
SOUGHT = tuple(text.encode() for text in (PASSWORD, quote(PASSWORD, safe=""), "Pl4nted", WRONG))

COMMANDS = (
    ("audit", ENVIRONMENT, "--format", "json"),
    ("rollout", ENVIRONMENT, "--dry-run", "--granularity", "tenant"),
    ("rollout", ENVIRONMENT, "--yes"),
    ("counts", ENVIRONMENT),
    ("repair", ENVIRONMENT, "--tenant", "*", "--yes"),
    ("tenants", ENVIRONMENT),
)
ONE_AFTER_ANOTHER = """
import json, sys
from pgfleet.cli.app import run_command

statuses = []
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["pgfleet", *arguments]
    try:
        run_command()
    except SystemExit as ended:
        statuses.append(str(ended.code or 0))
print("ended with", *statuses)
"""
"""All in one process: Prefect takes seconds to import, and more where it tells everything."""


@pytest.fixture
def planted(prefect_api: str, fleet: Fleet, embedded_server: Server, ready_dsn: Callable[[], str]) -> Fleet:
    """A fleet with a role whose password was planted, once right, once wrong, once where nobody answers.

    It comes from a variable, from a file, and from a Secret block, which Prefect's database holds encrypted.
    """
    embedded_server.execute("DROP ROLE IF EXISTS keeper")
    embedded_server.execute(f"CREATE ROLE keeper SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
    database, port = ready_dsn().rsplit("/", 1)[-1], embedded_server.cluster.port
    fleet.policy("failure_budget = {main = 9}")
    fleet.policy('restarts = [{service = "agent", command = ["echo", "${PLANTED}"]}]')
    fleet.tenant("right", f"postgresql://keeper:${{PLANTED}}@127.0.0.1:{port}/{database}")
    mounted = fleet.file.with_name("mounted")
    mounted.write_text(f"{PASSWORD}\n", encoding="utf-8")
    Secret(value=WRONG).save("wrong-password", overwrite=True)
    wrong = f"host=127.0.0.1 port={port} user=keeper password=${{secret:wrong-password}} dbname={database}"
    fleet.tenant("wrong", wrong, schema="another")
    fleet.tenant("nowhere", f"postgresql://keeper:${{file:{mounted}}}@127.0.0.1:1/nowhere")
    return fleet.tenant("gone", f"postgresql://keeper:${{PLANTED}}@127.0.0.1:{port}/no_such_database")


@pytest.mark.usefixtures("first_migration")
def test_a_planted_password_is_nowhere_to_be_found(
    planted: Fleet, pgfleet: CommandLine, records: Records, tmp_path: Path
) -> None:
    quiet_not = {"PREFECT_LOGGING_LEVEL": "DEBUG", "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "DEBUG"}
    done = subprocess.run(
        [sys.executable, "-c", ONE_AFTER_ANOTHER, json.dumps(COMMANDS)],
        check=False,
        capture_output=True,
        env=pgfleet.variables(PLANTED=PASSWORD, **quiet_not),
        cwd=tmp_path,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().splitlines()[-1] == "ended with 3 3 3 3 3 0", done.stderr.decode()
    assert b"DEBUG" in done.stderr
    assert_clean(done.stdout + done.stderr, "output")
    assert any("unreachable" in str(each["data"]) for each in records.artifacts()), "the run was recorded here"
    assert_clean(str(records.artifacts()).encode(), "artifacts")
    assert_clean(str(records.logs()).encode(), "logs")
    assert_clean(dump_database(), "Prefect's database")
    assert_clean(b"".join(kept_results()), "results that Prefect keeps")


def dump_database() -> bytes:
    """The whole of Prefect's database, as SQL."""
    url = PREFECT_API_DATABASE_CONNECTION_URL.value()
    assert url.startswith("sqlite+aiosqlite:///"), url
    with sqlite3.connect(url.removeprefix("sqlite+aiosqlite:///")) as connection:
        text = "\n".join(connection.iterdump())
    assert "rollout-wave" in text, "the database that the runs were recorded in"
    return text.encode()


def kept_results() -> list[bytes]:
    return [file.read_bytes() for file in (PREFECT_HOME.value() / "storage").rglob("*") if file.is_file()]


def assert_clean(text: bytes, where: str) -> None:
    assert not [secret for secret in SOUGHT if secret in text], where
