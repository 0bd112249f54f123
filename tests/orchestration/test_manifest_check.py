"""`pgfleet manifest check` as a script uses it, and what Prefect keeps of it."""

import json
from pathlib import Path

import pytest
from fixtures.command import CommandLine
from fixtures.fleet import ENVIRONMENT, Fleet
from fixtures.prefect import Records
from fixtures.servers import Server

from pgfleet.documents.manifest_proof import ManifestProof, ProofOutcome

MANIFESTS = Path(__file__).parents[1] / "manifests"


def last_run(records: Records) -> tuple[dict, list[dict]]:
    """The newest flow run, and its task runs that proved something."""
    [run] = records.ask("/flow_runs/filter", sort="START_TIME_DESC", limit=1)
    return run, [each for each in records.task_runs(run["id"]) if each["name"].startswith("prove manifest")]


def test_a_proof_is_one_json_document_and_is_made_once(
    pgfleet: CommandLine, fleet: Fleet, records: Records, embedded_server: Server
) -> None:
    fleet.tenant("acme", embedded_server.cluster.dsn(embedded_server.create_database()))
    check = ("--manifest", str(MANIFESTS / "concurrently" / "manifest.toml"), "manifest", "check", "--on", ENVIRONMENT)
    done = pgfleet(*check, "--format", "json")
    assert done.returncode == 0, done.stderr
    proof = ManifestProof.model_validate(json.loads(done.stdout))
    assert (proof.outcome, len(proof.objects)) == (ProofOutcome.PROVEN, 4)
    assert [each.rule for each in proof.lint or ()] == ["prefer-bigint-over-int"]
    assert done.stderr.splitlines()[0] == f"manifest check: in scratch databases on a server of {ENVIRONMENT} …"
    run, [proved] = last_run(records)
    assert (run["name"], run["state_type"], proved["state_name"]) == (
        f"manifest check · {ENVIRONMENT}",
        "COMPLETED",
        "Completed",
    )
    rows = json.loads(records.artifact("manifest-check")["data"])
    assert len(rows) == 4
    again = pgfleet(*check)
    assert again.returncode == 0, again.stderr
    assert "proven on PostgreSQL 18" in again.stdout
    _, [kept] = last_run(records)
    assert kept["state_name"] == "Cached"


def test_a_faulty_manifest_exits_with_1_and_names_its_faults(pgfleet: CommandLine, records: Records) -> None:
    """Without an environment a server is started for it."""
    done = pgfleet("--manifest", str(MANIFESTS / "faulty" / "manifest.toml"), "manifest", "check")
    assert done.returncode == 1, done.stderr
    assert "3_archive.sql: a second run deletes 3 of 3 rows of public.rules" in done.stdout
    run, _ = last_run(records)
    assert (run["name"], run["state_name"]) == ("manifest check · embedded server", "Faulty")
    assert "deletes 3 of 3 rows" in records.artifact("manifest-check-summary")["data"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("manifest", "check", "--on", "nowhere"), "there is no 'nowhere'; the environments are test"),
        (("--manifest", "nowhere.toml", "manifest", "check"), "nowhere.toml: cannot be read"),
        (("manifest", "check", "--output", "/nowhere/proof.json"), "--output: /nowhere/proof.json: cannot be written"),
    ],
    ids=["environment", "manifest", "output"],
)
def test_a_wrong_command_exits_with_2_in_one_line(
    pgfleet: CommandLine, fleet: Fleet, arguments: tuple[str, ...], said: str
) -> None:
    fleet.tenant("acme", "postgresql://x@127.0.0.1:1/x")
    done = pgfleet(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert said in line


def test_an_environment_whose_server_does_not_answer_exits_with_3(pgfleet: CommandLine, fleet: Fleet) -> None:
    fleet.tenant("lost", "postgresql://x:hush-hush@127.0.0.1:1/x")
    done = pgfleet("manifest", "check", "--on", ENVIRONMENT)
    assert (done.returncode, done.stdout) == (3, "")
    assert "no scratch database on 127.0.0.1:1" in done.stderr.splitlines()[-1]
    assert "hush-hush" not in done.stderr
