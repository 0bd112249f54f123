"""`--local` and `--dsn`: the same documents without Prefect."""

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fixtures.command import CommandLine, run_here
from fixtures.fleet import ENVIRONMENT, FIRST, Fleet, a_short_manifest
from fixtures.proxy import SilentProxy
from fixtures.servers import Server

from pgfleet.run import settings

OF_THE_RUN = {"run_id", "started_at", "finished_at", "since", "is_first", "read", "read_at"}
WITHOUT_PREFECT = """
import sys
from pgfleet.cli.app import run_command

try:
    run_command()
finally:
    print("prefect" in sys.modules, file=sys.stderr)
"""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PGFLEET_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def mixed_fleet(fleet: Fleet, first_migration: None, ready_dsn: Callable[[], str], embedded_server: Server) -> Fleet:
    """A fleet with a ready, a drifted, and an unreachable tenant."""
    drifted = ready_dsn()
    embedded_server.execute("DROP INDEX idx_ai_messages_conversation", drifted.rsplit("/", 1)[-1])
    fleet.tenant("lost", "host=127.0.0.1 port=1 dbname=x").tenant("drifted", drifted).tenant("ready", ready_dsn())
    return fleet


def run(fleet: Fleet, *arguments: str) -> tuple[int, Any]:
    """The exit status and the JSON document of the command."""
    done = run_here(["pgfleet", "--config", str(fleet.file), *arguments, "--format", "json"], fleet.file.parent)
    return done.returncode, json.loads(done.stdout)


def run_process(fleet: Fleet, *arguments: str) -> tuple[int, Any]:
    """The same in a process of its own, which must not import Prefect."""
    command = [sys.executable, "-c", WITHOUT_PREFECT, "--config", str(fleet.file), *arguments, "--format", "json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.stderr.splitlines()[-1] == "False", done.stderr
    return done.returncode, json.loads(done.stdout)


def of_every_run(found: Any) -> Any:
    """The document without what differs between two runs."""
    if isinstance(found, dict):
        return {key: of_every_run(value) for key, value in found.items() if key not in OF_THE_RUN}
    return [of_every_run(each) for each in found] if isinstance(found, list) else found


def test_a_local_audit_compares_with_the_last_one_replays_once_and_replaces_damaged_files(
    mixed_fleet: Fleet, state: Path
) -> None:
    status, first = run_process(mixed_fleet, "audit", ENVIRONMENT, "--local")
    assert status == 3
    assert {each["name"]: each["verdict"] for each in first["tenants"]} == {
        "lost": "unreachable",
        "drifted": "blocked",
        "ready": "ready",
    }
    assert (first["is_first"], first["since"]) == (True, None)
    [catalog] = (state / "expected").iterdir()
    assert catalog.stat().st_mode & 0o777 == 0o600
    replayed_at = catalog.stat().st_mtime_ns
    _, second = run(mixed_fleet, "audit", ENVIRONMENT, "--local")
    assert (second["since"]["source"], second["since"]["previous_run_id"]) == ("local", first["run_id"])
    assert second["since"]["new"] == []
    assert catalog.stat().st_mtime_ns == replayed_at
    for file in state.rglob("*.json"):
        file.write_text("{", encoding="utf-8")
    status, third = run(mixed_fleet, "audit", ENVIRONMENT, "--local")
    assert (status, third["is_first"], of_every_run(third)) == (3, True, of_every_run(first))
    assert catalog.stat().st_mtime_ns > replayed_at


def test_a_database_without_a_fleet_file(ready_dsn: Callable[[], str], tmp_path: Path) -> None:
    dsn, manifest = ready_dsn(), a_short_manifest(tmp_path, FIRST)
    nowhere = Fleet(tmp_path / "absent.toml")
    nowhere.file.unlink(missing_ok=True)
    status, document = run_process(nowhere, "--manifest", str(manifest), "audit", "--dsn", dsn)
    [tenant] = document["tenants"]
    assert (status, tenant["verdict"], tenant["name"]) == (0, "ready", dsn.rsplit("/", 1)[-1])


def test_after_a_finding_the_printed_command_makes_the_report_s_commands_work(
    ready_dsn: Callable[[], str], embedded_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PGFLEET_CONFIG", "PGFLEET_MANIFEST"):
        monkeypatch.delenv(name, raising=False)
    password = urlsplit(dsn := ready_dsn()).password or ""
    database = dsn.rsplit("/", 1)[-1]
    embedded_server.execute("DROP INDEX idx_ai_messages_conversation", database)
    begin = ["pgfleet", "--manifest", settings.EXAMPLE]
    audited = run_here([*begin, "audit", "--dsn", dsn, "--format", "html"], tmp_path)
    assert audited.returncode == 1
    assert f"pgfleet rollout {database} --tenant {database}" in audited.stdout
    printed = audited.stderr.splitlines()[-1].removeprefix("To run the commands of this report, first: ")
    assert password
    assert password not in audited.stdout + audited.stderr
    assert run_here(shlex.split(printed), tmp_path).returncode == 0
    again = run_here(["pgfleet", "diff", database, database], tmp_path, PGPASSWORD=password)
    assert (again.returncode, "idx_ai_messages_conversation" in again.stdout) == (1, True)


def test_the_flow_and_the_local_run_make_the_same_documents(
    mixed_fleet: Fleet, pgfleet: CommandLine, state: Path
) -> None:
    for command in ("audit", "counts"):
        flow = pgfleet(command, ENVIRONMENT, "--format", "json")
        local = pgfleet(command, ENVIRONMENT, "--local", "--format", "json")
        assert (flow.returncode, local.returncode) == (3, 3), flow.stderr + local.stderr
        documents = [of_every_run(json.loads(each.stdout)) for each in (flow, local)]
        assert documents[0] == documents[1]
    assert [each for each in state.rglob("*") if each.stat().st_mode & 0o077] == []


def test_a_silent_server_does_not_delay_others(
    fleet: Fleet, ready_dsn: Callable[[], str], embedded_server: Server, silent_proxy: Callable[[int], SilentProxy]
) -> None:
    connect_seconds, statement_seconds, others_seconds = 2, 3, 60
    fleet.policy(f'connect_timeout = "{connect_seconds}s"').policy(f'statement_timeout = "{statement_seconds}s"')
    fleet.tenant("acme", ready_dsn())
    assert run(fleet, "audit", ENVIRONMENT, "--local")[0] == 0, "the replay is known from now on"
    proxy = silent_proxy(6_000)
    for name in ("one", "two"):
        fleet.tenant(name, ready_dsn().replace(f":{embedded_server.cluster.port}/", f":{proxy.port}/"))
    began = time.monotonic()
    status, document = run(fleet, "audit", ENVIRONMENT, "--local")
    assert time.monotonic() - began < connect_seconds + statement_seconds + others_seconds
    verdicts = {each["name"]: each["verdict"] for each in document["tenants"]}
    assert (status, verdicts.pop("acme"), {*verdicts.values()}) == (3, "ready", {"unreachable"})
