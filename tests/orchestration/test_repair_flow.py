"""The repair of chosen tenants: by the flow as Prefect recorded it, and from the command line."""

import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from fixtures.command import CommandLine
from fixtures.fleet import ENVIRONMENT, Fleet
from fixtures.prefect import Records
from fixtures.servers import Server
from prefect import State

from pgfleet.documents.repair import RepairDocument
from pgfleet.errors import FleetError
from pgfleet.flows.repair import repair_fleet
from pgfleet.tasks.support.results import REPAIR_DOCUMENT, load_result

SHRUNK = "ALTER TABLE ai_messages ALTER content TYPE varchar(2000)"
CONTRADICTED = (
    "ALTER TABLE ai_messages ALTER role DROP NOT NULL;"
    "INSERT INTO ai_conversations DEFAULT VALUES;"
    "INSERT INTO ai_messages (conversation_id, content) SELECT id, 'x' FROM ai_conversations"
)
LONGEST_WAIT_SECONDS = 120
pytestmark = pytest.mark.usefixtures("first_migration")
Damaged = Callable[[str], str]


@pytest.fixture
def damaged(ready_dsn: Callable[[], str], embedded_server: Server) -> Damaged:
    """Makes a tenant's database to which that was done, and says where it is."""

    def make(damage: str) -> str:
        dsn = ready_dsn()
        embedded_server.execute(damage, dsn.rsplit("/", 1)[-1])
        return dsn

    return make


def type_of(dsn: str) -> str:
    """Of the column that is another after `SHRUNK`."""
    with psycopg.connect(dsn) as connection:
        sql = "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'ai_messages'::regclass"
        return str(connection.execute(f"{sql} AND attname = 'content'").fetchall()[0][0])


def repair(*tenants: str, **parameters: Any) -> tuple[State, RepairDocument]:
    state = repair_fleet(ENVIRONMENT, list(tenants), **parameters, return_state=True)
    document = load_result(state.state_details.flow_run_id, REPAIR_DOCUMENT)
    assert document is not None, state.message
    return state, document


def test_a_tenant_that_fails_hides_no_other_and_what_was_agreed_to_is_all_that_is_done(
    fleet: Fleet, damaged: Damaged, records: Records, prefect_api: str
) -> None:
    harbor, bad = damaged(SHRUNK), damaged(CONTRADICTED)
    fleet.tenant("harbor", harbor, ring="canary").tenant("bad", bad).tenant("lost", "host=127.0.0.1 port=1 dbname=x")
    state, dry_run = repair("harbor")
    assert (state.type.value, state.name, dry_run.dry_run) == ("COMPLETED", "Dry run", True)
    assert type_of(harbor) == "character varying(2000)"
    page = records.artifact(f"repair-summary-{ENVIRONMENT}")["data"]
    assert "ALTER TABLE ai_messages ALTER COLUMN content TYPE text" in page
    assert dry_run.digest in page
    state, refused = repair("harbor", "bad", dry_run=False, digest=dry_run.digest)
    assert (state.name, {str(each.result) for each in refused.tenants}) == ("Refused", {"not_reached"})
    assert (type_of(harbor), refused.outcome) == ("character varying(2000)", "Refused")
    with pytest.raises(FleetError, match="digest: is required"):
        repair_fleet(ENVIRONMENT, ["harbor"], dry_run=False)
    _, dry_run = repair("*")
    state, document = repair("*", dry_run=False, digest=dry_run.digest)
    assert state.name == "Failed, incomplete"
    found = {each.name: each for each in document.tenants}
    assert {name: str(each.result) for name, each in found.items()} == {
        "harbor": "repaired",
        "bad": "failed",
        "lost": "unreachable",
    }
    error = found["bad"].error
    assert (error and error.sqlstate, type_of(harbor)) == ("23502", "text")
    assert_recorded(records, str(state.state_details.flow_run_id))


def assert_recorded(records: Records, run_id: str) -> None:
    """Each tenant's task run tells what came of it, and the table has a row for each."""
    children = records.children(run_id)
    assert [each["name"] for each in children] == [
        "plan 1 · canary",
        "plan 2 · main",
        "repair 1 · canary",
        "repair 2 · main",
    ]
    steps = {name: state for child in children for name, state in names_and_states(records, child["id"])}
    assert (steps["plan repair of harbor"], steps["repair harbor"], steps["repair bad"]) == (
        "Planned",
        "Repaired",
        "Failed",
    )
    rows = json.loads(records.artifact(f"repair-{ENVIRONMENT}")["data"])
    assert [(row["tenant"], row["result"]) for row in rows] == [
        ("bad", "failed"),
        ("lost", "unreachable"),
        ("harbor", "repaired"),
    ]


def names_and_states(records: Records, run_id: str) -> list[tuple[str, str]]:
    return [(each["name"], each["state_name"]) for each in records.task_runs(run_id)]


def test_the_tenants_must_be_named(pgfleet: CommandLine, fleet: Fleet) -> None:
    fleet.tenant("acme", "host=127.0.0.1 port=1 dbname=x")
    done = pgfleet("repair", ENVIRONMENT, "--yes")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "pgfleet: --tenant: is required: name the tenants to repair, or a --ring\n"


def test_without_a_terminal_there_is_only_a_dry_run_and_with_yes_it_is_done(
    pgfleet: CommandLine, fleet: Fleet, damaged: Damaged
) -> None:
    dsn = damaged(SHRUNK)
    fleet.tenant("acme", dsn)
    dry_run = pgfleet("repair", ENVIRONMENT, "--tenant", "acme")
    assert (dry_run.returncode, type_of(dsn)) == (1, "character varying(2000)")
    assert "ALTER TABLE ai_messages ALTER COLUMN content TYPE text USING content::text" in dry_run.stdout
    assert "takes ACCESS EXCLUSIVE, rewrites the table" in dry_run.stdout
    assert dry_run.stdout.count("This was a dry run") == 1
    assert "Dry run only: there is no terminal to ask at. Use --yes to repair." in dry_run.stderr
    done = pgfleet("repair", ENVIRONMENT, "--tenant", "acme", "--yes", "--format", "json")
    assert done.returncode == 0, done.stderr
    document = RepairDocument.model_validate_json(done.stdout)
    assert (document.dry_run, document.outcome, type_of(dsn)) == (False, "Completed", "text")
    assert "This was a dry run" in done.stderr, "what is done is shown before it is done"
    nothing = pgfleet("repair", ENVIRONMENT, "--tenant", "acme", "--yes")
    assert (nothing.returncode, "nothing to repair" in nothing.stdout) == (0, True), nothing.stderr


def test_at_a_terminal_the_digest_is_what_says_yes(pgfleet: CommandLine, fleet: Fleet, damaged: Damaged) -> None:
    dsn = damaged(SHRUNK)
    fleet.tenant("acme", dsn)
    terminal, theirs = pty.openpty()
    process = pgfleet.started(
        "repair", ENVIRONMENT, "--tenant", "acme", stdin=theirs, stderr=theirs, stdout=subprocess.PIPE
    )
    os.close(theirs)
    shown = ""
    while not (asked := re.search(r"first characters of its digest\s+\((\w+)\)", shown)):
        shown += os.read(terminal, 4096).decode()
    os.write(terminal, f"{asked[1][:6]}\n".encode())
    said = read_to_its_end(terminal)
    printed, _ = process.communicate(timeout=LONGEST_WAIT_SECONDS)
    assert (process.returncode, type_of(dsn)) == (0, "text"), said
    assert "Completed: 1 tenant: 1 repaired" in printed


def test_at_a_terminal_another_answer_is_no(
    pgfleet: CommandLine, fleet: Fleet, damaged: Damaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = damaged(SHRUNK)
    fleet.tenant("acme", dsn)
    monkeypatch.setattr("pgfleet.cli.repair.is_terminal", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))
    done = pgfleet("repair", ENVIRONMENT, "--tenant", "acme")
    assert (done.returncode, type_of(dsn)) == (1, "character varying(2000)")
    assert "Dry run only: not confirmed." in done.stderr


def read_to_its_end(terminal: int) -> str:
    """What is written there until nobody has it open any more."""
    found = b""
    try:
        while part := os.read(terminal, 4096):
            found += part
    except OSError:  # how Linux says so
        pass
    os.close(terminal)
    return found.decode(errors="replace")
