"""`pgfleet diff` and `pgfleet history`: about one tenant, without Prefect."""

import json
import subprocess
import sys
from collections.abc import Callable

from fixtures.fleet import ENVIRONMENT, Fleet
from fixtures.servers import Server

WITHOUT_PREFECT = """
import contextlib, io, json, sys
sys.modules["prefect"] = None
from pgfleet.cli.app import run_command

done = []
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["pgfleet", *arguments]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            run_command()
        except SystemExit as ended:
            done.append((ended.code or 0, out.getvalue(), err.getvalue()))
print(json.dumps(done))
"""


def run(fleet: Fleet, *commands: tuple[str, ...]) -> list[tuple[int, str, str]]:
    """The status, standard output, and standard error of each command, in one process."""
    calls = [["--config", str(fleet.file), *each] for each in commands]
    command = [sys.executable, "-c", WITHOUT_PREFECT, json.dumps(calls)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return [(status, out, err) for status, out, err in json.loads(done.stdout)]


def test_tenants_as_diffs(fleet: Fleet, ready_dsn: Callable[[], str], embedded_server: Server) -> None:
    dsn = ready_dsn()
    change = "DROP INDEX idx_ai_messages_conversation; ALTER TABLE ai_messages ALTER content TYPE varchar(99)"
    embedded_server.execute(change, dsn.rsplit("/", 1)[-1])
    fleet.tenant("acme", dsn).tenant("lost", "host=127.0.0.1 port=1 dbname=x").tenant("ready", ready_dsn())
    diff = ("diff", ENVIRONMENT)
    drifted, as_json, ready, lost, several = run(
        fleet, (*diff, "acme"), (*diff, "acme", "--format", "json"), (*diff, "ready"), (*diff, "lost"), (*diff, "*")
    )
    assert (drifted[0], drifted[2], as_json[0]) == (1, "", 1)
    assert drifted[1].startswith("# acme of test: blocked, 7 applied, 0 pending\n# 20250315_create_ai_")
    assert "\n-text NOT NULL\n+character varying(99) NOT NULL\n" in drifted[1]
    assert "\x1b" not in drifted[1], "plain in a pipe"
    found = {(each["kind"], each["change"]) for each in json.loads(as_json[1])["objects"]}
    assert found == {("index", "missing"), ("column", "changed")}
    assert ready == (0, "# ready of test: ready, 7 applied, 0 pending: as the manifest leaves it\n", "")
    assert (lost[0], lost[1].splitlines()[0]) == (3, "# lost of test: unreachable")
    assert several == (2, "", "pgfleet: TENANT: *: matches 3 tenants; name one\n")


def test_a_tenant_without_a_history(fleet: Fleet, ready_dsn: Callable[[], str]) -> None:
    fleet.tenant("acme", ready_dsn()).tenant("lost", "host=127.0.0.1 port=1 dbname=x")
    history = ("history", ENVIRONMENT)
    shown, as_json, lost = run(fleet, (*history, "acme"), (*history, "acme", "--format", "json"), (*history, "lost"))
    assert (shown[0], shown[2]) == (0, "")
    assert shown[1].startswith("There is no ledger")
    document = json.loads(as_json[1])
    assert (document["schema_version"], document["ledger"], document["faults"]) == (1, None, [])
    assert (lost[0], lost[1]) == (3, "")
    assert lost[2].startswith("pgfleet: refused: nothing listens on 127.0.0.1:1")
