"""`pgfleet manifest check` as a script uses it, and what Prefect keeps of it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fix_fleet import ENVIRONMENT, Fleet
from fix_prefect import Records
from fix_servers import Server

from pgfleet.proof.document import ManifestProof, ProofOutcome

PGFLEET = Path(sys.executable).parent / "pgfleet"
MANIFESTS = Path(__file__).parents[1] / "manifests"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def check(prefect_api: str, fleet: Fleet, tmp_path: Path) -> Run:
    """Runs `pgfleet manifest check` in an empty folder, against the session's Prefect server."""

    def pgfleet(*arguments: str, manifest: Path | None = None) -> subprocess.CompletedProcess[str]:
        named = ["--manifest", str(manifest)] if manifest else []
        return subprocess.run(
            [PGFLEET, "--config", fleet.file, *named, "manifest", "check", *arguments],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "PREFECT_API_URL": prefect_api, "COLUMNS": "200"},
            cwd=tmp_path,
            timeout=240,
        )

    return pgfleet


def last_run(records: Records) -> tuple[dict, list[dict]]:
    """The newest flow run, and its task runs that proved something."""
    [run] = records.ask("/flow_runs/filter", sort="START_TIME_DESC", limit=1)
    return run, [each for each in records.task_runs(run["id"]) if each["name"].startswith("prove manifest")]


def test_a_proof_is_one_json_document_and_is_made_once(
    check: Run, fleet: Fleet, records: Records, embedded_server: Server
) -> None:
    fleet.tenant("acme", embedded_server.cluster.dsn(embedded_server.create_database()))
    done = check("--on", ENVIRONMENT, "--format", "json")
    assert done.returncode == 0, done.stderr
    proof = ManifestProof.model_validate(json.loads(done.stdout))
    assert (proof.outcome, len(proof.objects), proof.lint) == (ProofOutcome.PROVEN, 122, ())
    assert done.stderr.splitlines() == [f"manifest check: in scratch databases on a server of {ENVIRONMENT} …"]
    run, [proved] = last_run(records)
    assert (run["name"], run["state_type"], proved["state_name"]) == (
        f"manifest check · {ENVIRONMENT}",
        "COMPLETED",
        "Completed",
    )
    rows = json.loads(records.artifact("manifest-check")["data"])
    assert len(rows) == 122
    again = check("--on", ENVIRONMENT)
    assert again.returncode == 0, again.stderr
    assert "proven on PostgreSQL 18" in again.stdout
    _, [kept] = last_run(records)
    assert kept["state_name"] == "Cached"


def test_a_faulty_manifest_exits_with_1_and_is_told_in_words(check: Run, records: Records) -> None:
    """Without an environment a server is started for it."""
    done = check(manifest=MANIFESTS / "faulty" / "manifest.toml")
    assert done.returncode == 1, done.stderr
    assert "3_archive.sql: run a second time, it deletes 3 of 3 rows of public.rules" in done.stdout
    run, _ = last_run(records)
    assert (run["name"], run["state_name"]) == ("manifest check · embedded server", "Faulty")
    assert "deletes 3 of 3 rows" in records.artifact("manifest-check-summary")["data"]


@pytest.mark.parametrize(
    ("arguments", "manifest", "said"),
    [
        (("--on", "nowhere"), None, "there is no 'nowhere'; there are: test"),
        ((), Path("nowhere.toml"), "nowhere.toml: cannot be read"),
        (("--output", "/nowhere/proof.json"), None, "--output: /nowhere/proof.json: cannot be written"),
    ],
    ids=["environment", "manifest", "output"],
)
def test_a_wrong_command_exits_with_2_in_one_line(
    check: Run, fleet: Fleet, arguments: tuple[str, ...], manifest: Path | None, said: str
) -> None:
    fleet.tenant("acme", "postgresql://x@127.0.0.1:1/x")
    done = check(*arguments, manifest=manifest)
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert said in line


def test_an_environment_whose_server_does_not_answer_exits_with_3(check: Run, fleet: Fleet) -> None:
    fleet.tenant("lost", "postgresql://x:hush-hush@127.0.0.1:1/x")
    done = check("--on", ENVIRONMENT)
    assert (done.returncode, done.stdout) == (3, "")
    assert "no scratch database on 127.0.0.1:1" in done.stderr.splitlines()[-1]
    assert "hush-hush" not in done.stderr
