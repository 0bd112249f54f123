"""`pgfleet up`: from an empty folder to a run that was started in the web interface, with nothing left behind."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from fixtures.fleet import Fleet
from fixtures.ports import free_port
from fixtures.prefect_server import WITHOUT_BLOCKS
from fixtures.up import LONGEST_END_SECONDS, Up, final_state
from fixtures.waiting import until
from fixtures.wheel import Installed
from fixtures.workers import family

from pgfleet.cli.deploy import deploy, deployments_of, ensure_pool
from pgfleet.cli.first_audits import start_first_audits
from pgfleet.cli.supervisor import POOL
from pgfleet.cli.up_server import Options, find_server
from pgfleet.errors import ConfigurationError
from pgfleet.flows.audit import audit_fleet

UNAUTHORIZED, FORBIDDEN = 401, 403


@pytest.fixture
def up(installed: Installed, fleet: Fleet, tmp_path: Path) -> Iterator[Up]:
    """As users have it: from the wheel, beside modules of theirs that are named as ours are."""
    fleet.environment = "up"
    fleet.policy('timezone = "Asia/Tokyo"')
    variables = {"PYTHONPATH": str(installed.theirs), "PGFLEET_MANIFEST": "example", **WITHOUT_BLOCKS}
    with Up(tmp_path, fleet.file, installed.pgfleet, **variables) as made:
        yield made


def test_the_first_audit_starts_by_itself_and_a_second_start_with_the_demo_fleet_finds_it(
    up: Up, fleet: Fleet, ready_dsn: Callable[[], str]
) -> None:
    fleet.tenant("acme", ready_dsn())
    another_user_has_a_worker(up)
    process = up("--port", str(free_port()))
    api = f"{up.until_ready(process)}/api"
    assert "8 deployments on the work pool pgfleet: up" in up.said
    assert "automations: 6 created" in up.said
    assert ("warning: running as root" in up.said) == (os.geteuid() == 0)
    assert (
        "no notifications are sent: Prefect has no notification block named pgfleet-alerts; create one at http"
        in up.said
    )
    nightly = up.ask("GET", f"{api}/deployments/name/audit/nightly-up")
    assert [each["schedule"]["timezone"] for each in nightly["schedules"]] == ["Asia/Tokyo"]
    nights = {
        "deployments": {"id": {"any_": [nightly["id"]]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
    }
    scheduled = until(lambda: up.ask("POST", f"{api}/flow_runs/filter", nights))
    assert {each["next_scheduled_start_time"][11:16] for each in scheduled} == {"17:00"}, "two o'clock in Tokyo"
    audit = up.ask("GET", f"{api}/deployments/name/audit/audit-up")
    assert audit["entrypoint"] == "pgfleet.flows.audit.audit_fleet"
    assert "The first audit of up has started: " in up.said
    [run] = up.ask("POST", f"{api}/flow_runs/filter", {"deployments": {"id": {"any_": [audit["id"]]}}})
    state = until(lambda: final_state(up.ask("GET", f"{api}/flow_runs/{run['id']}")))
    assert (state["name"], state["message"]) == ("Completed", "1 tenant: 1 ready")
    assert "postgres" in names_of(family(process.pid))
    check_strangers_are_refused(api, audit["id"], up)
    check_job_is_fixed(up, api)
    check_nobody_else_can_read(up)
    end(up, process, signal.SIGINT)
    again = up("--demo", "--port", str(free_port()))
    api = f"{up.until_ready(again)}/api"
    assert "8 deployments on the work pool pgfleet: demo" in up.said
    assert "automations: 6 unchanged" in up.said
    assert "The first audit of demo has started: " in up.said
    pages = up.said.split("HTML reports of its runs: ")[1].split()[0]
    assert until(lambda: answers(pages))
    assert up.ask("GET", f"{api}/flow_runs/{run['id']}")["state"]["name"] == "Completed"
    end(up, again, signal.SIGTERM)


def another_user_has_a_worker(up: Up) -> None:
    """Prefect's worker of another user owns this name in the folder for temporary files."""
    up.variables["TMPDIR"] = str(up.state)
    owned = up.state / "runner_storage"
    owned.touch(mode=0o600)  # a file, because root may write into every folder


def check_strangers_are_refused(api: str, deployment: str, up: Up) -> None:
    """Another user of the machine has no key; a page of another origin has the user's browser, but not its storage."""
    run, body = f"{api}/deployments/{deployment}/create_flow_run", {"state": {"type": "SCHEDULED"}}
    assert httpx.post(run, json=body).status_code in {UNAUTHORIZED, FORBIDDEN}
    assert httpx.get(f"{api}/deployments/{deployment}").status_code == UNAUTHORIZED
    assert httpx.get(f"{api}/deployments/{deployment}", auth=("pgfleet", "guess")).status_code == UNAUTHORIZED
    assert httpx.post(run, json=body, auth=up.key).status_code == FORBIDDEN, "without the token against CSRF"
    origin = {"Origin": "https://attacker.example"}
    preflight = {**origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    answer = httpx.options(run, headers=preflight)
    assert "access-control-allow-origin" not in answer.headers
    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert "access-control-allow-origin" not in httpx.get(f"{api}/health", headers=origin).headers
    rebound = httpx.post(run, json=body, auth=up.key, headers={"Host": "attacker.example"})
    assert (rebound.status_code, rebound.text) == (400, "This address is not served here.\n")
    assert httpx.get(f"{api}/health", headers={"Host": "attacker.example"}).status_code == httpx.codes.BAD_REQUEST


def check_job_is_fixed(up: Up, api: str) -> None:
    """Even with the key, a run cannot choose its command, environment, or folder: the template takes no variable."""
    template = up.ask("GET", f"{api}/work_pools/pgfleet")["base_job_template"]
    assert template["job_configuration"]["command"]
    assert "{{" not in json.dumps(template["job_configuration"])
    assert template["variables"]["properties"] == {}


def check_nobody_else_can_read(up: Up) -> None:
    """Of what is written, other users can at most pass through folders: PostgreSQL's account has to."""
    password = up.key[1]
    for path in (up.home, *up.home.rglob("*")):
        assert path.lstat().st_mode & 0o077 == 0, path
    for path in (each for each in up.state.rglob("*") if each.is_file()):
        assert path.lstat().st_mode & 0o077 == 0, path
    assert password not in up.said
    assert not [each for each in (up.home / "pgfleet-up").glob("*.log") if password in each.read_text()]
    assert str(up.key_file) in up.said, "how the browser gets in"
    arguments = [Path(f"/proc/{pid}/cmdline") for pid in family(up.processes[-1].pid)]
    assert not [each for each in arguments if each.exists() and password in each.read_bytes().decode(errors="replace")]


def end(up: Up, process: "subprocess.Popen[str]", how: signal.Signals) -> None:
    """Ends the command, which must end all that it has started within seconds."""
    mine = family(process.pid)
    process.send_signal(how)
    assert process.wait(LONGEST_END_SECONDS) == 0, up.said
    until(lambda: not [pid for pid in mine if Path(f"/proc/{pid}").exists()])


def answers(url: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(url).is_success
    return False


def test_an_environment_that_was_audited_has_no_first_audit_again(prefect_api: str, fleet: Fleet) -> None:
    fleet.environment = "again"
    fleet.tenant("lost", "postgresql://x@127.0.0.1:1/x")
    ensure_pool(POOL)
    [audit] = [each for each in deployments_of("again", "UTC") if each["name"] == "audit-again"]
    deploy(audit, POOL)
    assert start_first_audits(["again"], is_demo=False).keys() == {"again"}
    audit_fleet("again", return_state=True)
    assert start_first_audits(["again"], is_demo=False) == {}
    assert start_first_audits(["again"], is_demo=True).keys() == {"again"}


def names_of(pids: list[int]) -> set[str]:
    return {Path(f"/proc/{pid}/comm").read_text().strip() for pid in pids if Path(f"/proc/{pid}").exists()}


def options(port: int, *, server: bool = True) -> Options:
    return Options(host="127.0.0.1", port=port, server=server)


def test_a_server_that_answers_is_used(prefect_api: str) -> None:
    port = int(prefect_api.removesuffix("/api").rpartition(":")[2])
    assert find_server(options(free_port()), prefect_api) == (prefect_api, True)
    assert find_server(options(port), None) == (prefect_api, True)


def test_a_server_is_started_where_none_answers_unless_the_options_say_otherwise() -> None:
    ours = options(free_port())
    assert find_server(ours, None) == find_server(ours, ours.api) == (ours.api, False)
    with pytest.raises(ConfigurationError, match="--no-server: no Prefect server answers at http"):
        find_server(options(ours.port, server=False), None)
    with pytest.raises(ConfigurationError, match="PREFECT_API_URL: no Prefect server answers at http"):
        find_server(ours, f"http://127.0.0.1:{free_port()}/api")


def test_a_port_that_is_taken_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError) as raised:
            find_server(options(port), None)
    said = f"--port: {port}: is not available (Address already in use), and no Prefect server answers there"
    assert str(raised.value) == f"{said}; choose another"
