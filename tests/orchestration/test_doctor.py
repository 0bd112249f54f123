"""`pgfleet doctor`: files, folders, Prefect's API, and an environment's servers and logins."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from fixtures.command import run_here
from fixtures.fleet import ENVIRONMENT, Fleet
from fixtures.servers import ROLE_PASSWORD, Server

CLOSED = "http://127.0.0.1:1/api"


def doctor(fleet: Fleet, folder: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """The command without a configured Prefect API, in an empty folder."""
    usual = {
        "PREFECT_API_URL": "",
        "PREFECT_HOME": str(folder / "prefect"),
        "PGFLEET_STATE": str(folder / "state"),
        "PGFLEET_CONFIG": str(fleet.file),
    }
    return run_here(["pgfleet", "doctor", *arguments], folder, **{**usual, **variables})


def checks_of(done: "subprocess.CompletedProcess[str]") -> set[tuple[str, str, str]]:
    """The status, the name, and the detail of each check."""
    return {(each["status"], each["name"], each["detail"]) for each in json.loads(done.stdout)["checks"]}


def test_servers_and_logins_of_an_environment(
    fleet: Fleet, new_dsn: Callable[[], str], embedded_server: Server, tmp_path: Path
) -> None:
    dsn, cluster, before = new_dsn(), embedded_server.cluster, databases(embedded_server)
    weak, name = embedded_server.create_role(), dsn.rsplit("/", 1)[-1]
    weak_dsn = cluster.dsn(name, weak, password=ROLE_PASSWORD)
    fleet.tenant("acme", dsn.replace("127.0.0.1", "${DB_HOST}"), rollout_dsn=f"user={weak} password='{ROLE_PASSWORD}'")
    alone = doctor(fleet, tmp_path, ENVIRONMENT, "--format", "json", DB_HOST="127.0.0.1")
    assert (alone.returncode, "127.0.0.1" in alone.stdout) == (0, False), alone.stdout
    found = {(status, name): detail for status, name, detail in checks_of(alone)}
    assert found["ok", "server"].partition(": ")[2].startswith(f"PostgreSQL {cluster.major}")
    assert found["warning", "login"].endswith("(audits): is a superuser")
    assert found["ok", "login"].startswith(f"{weak} on ")
    assert found["ok", "scratch_database"].startswith(f"PostgreSQL {cluster.major}: on ")
    assert (databases(embedded_server), [*tmp_path.glob("*")]) == (before, [fleet.file]), "it creates nothing"

    fleet.tenant("lost", "host=127.0.0.1 port=1 dbname=x").tenant("closed", weak_dsn.replace(name, "absent"))
    fleet.policy('scratch_dsn = "host=127.0.0.1 port=1 dbname=x"')
    lost = doctor(fleet, tmp_path, ENVIRONMENT, DB_HOST="127.0.0.1")
    assert (lost.returncode, ROLE_PASSWORD in lost.stdout) == (3, False)
    assert "error   server: 127.0.0.1:1: refused: nothing listens on 127.0.0.1:1; to do: check that" in lost.stdout
    assert f"error   login: {weak} on " in lost.stdout
    assert "no such database" in lost.stdout


def databases(server: Server) -> list[tuple[str, ...]]:
    return server.query("SELECT datname::text FROM pg_database ORDER BY 1")


def test_a_folder_without_files_is_only_warned_of(fleet: Fleet, tmp_path: Path) -> None:
    done = doctor(fleet, tmp_path, PGFLEET_CONFIG="", PGFLEET_MANIFEST="")
    assert done.returncode == 0
    assert [line.split(":")[0] for line in done.stdout.splitlines() if line.startswith("warning")] == [
        "warning fleet file",
        "warning manifest",
    ]


def test_files_folders_and_the_api(fleet: Fleet, tmp_path: Path) -> None:
    fleet.tenant("acme", "host=127.0.0.1 port=1 dbname=x")
    assert doctor(fleet, tmp_path).returncode == 0, "no server is asked without an environment"
    silent = doctor(fleet, tmp_path, "--format", "json", PREFECT_API_URL=CLOSED)
    assert silent.returncode == 3
    assert ("error", "prefect_api") in {(status, name) for status, name, _ in checks_of(silent)}
    (tmp_path / "prefect").mkdir()
    profiles = f'active = "x"\n[profiles.x]\nPREFECT_API_URL = "{CLOSED}"\n'
    (tmp_path / "prefect" / "profiles.toml").write_text(profiles)
    assert f"error   prefect api: {CLOSED} does not answer" in doctor(fleet, tmp_path).stdout

    fleet.policy('timezone = "Mars"').policy("lock_timeout = 5")
    (tmp_path / "file").touch()
    wrong = doctor(fleet, tmp_path, ENVIRONMENT, "--format", "json", PGFLEET_STATE=str(tmp_path / "file" / "state"))
    assert wrong.returncode == 2
    errors = [(name, detail) for status, name, detail in sorted(checks_of(wrong)) if status == "error"]
    names = ["environment", "fleet_file", "fleet_file", "prefect_api", "state_folder"]
    assert [name for name, _ in errors] == names
    assert ".lock_timeout: " in errors[1][1]
    assert ".timezone: " in errors[2][1]
