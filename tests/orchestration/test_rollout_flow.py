"""The rollout's flows on a real fleet, as Prefect recorded them."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from fixtures.fleet import ENVIRONMENT, Fleet
from fixtures.prefect import Records
from fixtures.rolled_out import QUICK, begun, left, results, roll_out
from fixtures.servers import ROLE_PASSWORD, Server

from pgfleet.documents.counts import CountDocument
from pgfleet.documents.rollout import Result, TenantResult
from pgfleet.flows.count import count_fleet
from pgfleet.flows.seed import seed_fleet
from pgfleet.run.context import Granularity
from pgfleet.tasks.support.results import (
    COUNT_DOCUMENT,
    load_result,
)

pytestmark = pytest.mark.usefixtures("prefect_api")


def test_ring_after_ring_every_tenant_is_brought_to_the_manifest(
    fleet: Fleet, new_dsn: Callable[[], str], ready_dsn: Callable[[], str], records: Records
) -> None:
    fleet.tenant("acme", new_dsn(), ring="canary").tenant("borealis", ready_dsn())
    state, document = roll_out(granularity=Granularity.STEP)
    assert (state.type.value, state.message) == ("COMPLETED", "2 tenants: 2 done")
    assert [(each.name, each.outcome) for each in document.rings] == [("canary", "completed"), ("main", "completed")]
    [[canary], [main]] = [each.waves for each in document.rings]
    assert canary.tenants["done"] == main.tenants["done"] == 1
    assert document.started_at < canary.started_at < canary.finished_at < main.started_at < main.finished_at
    run_id = str(state.state_details.flow_run_id)
    assert document.run_id == run_id
    children = [each["name"] for each in records.children(run_id)]
    assert children == ["plan 1 · canary", "plan 2 · main", "wave 1 · canary", "wave 1 · main"]
    wave = records.children(run_id)[2]
    assert {"env:test", "ring:canary"} <= set(wave["tags"])
    steps = {each["name"]: each["state_name"] for each in records.task_runs(wave["id"])}
    assert steps["roll out acme"] == "Done"
    assert steps["migrate 20250315 · acme"] == "Done"
    assert steps["verify 20250315 · acme"] == "Applied"
    assert steps["apply seed policy_rules · acme"] == "Done"
    assert {"count ai_messages · acme", "inspect · acme", "ledger · acme"} <= set(steps)
    plan = json.loads(records.artifact(f"plan-{ENVIRONMENT}")["data"])
    assert [row["tenant"] for row in plan] == ["acme", "borealis"]
    counts = json.loads(records.artifact(f"counts-rollout-{ENVIRONMENT}")["data"])
    assert {(row["tenant"], row["before"], row["after"]) for row in counts} >= {("acme", "-", "0")}
    assert "2 done" in records.artifact(f"rollout-summary-{ENVIRONMENT}")["data"]
    again, unchanged = roll_out(**QUICK)
    assert (again.message, results(unchanged)) == (
        "2 tenants: 2 unchanged",
        {"acme": "unchanged", "borealis": "unchanged"},
    )


@pytest.mark.usefixtures("first_migration")
def test_over_its_budget_a_ring_halts_and_the_rest_is_not_begun(
    fleet: Fleet,
    new_dsn: Callable[[], str],
    ready_dsn: Callable[[], str],
    execute: Callable[[str, str], None],
    records: Records,
) -> None:
    """Three fail for one reason, one at a time: the second is over the budget, the third is not begun."""
    fleet.rings = ["canary", "early", "main"]
    fleet.policy("failure_budget = {canary = 1}").policy("max_connections_per_server = 1")
    dsns = [new_dsn() for _ in range(4)]
    for number, dsn in enumerate(dsns[:3]):
        execute(dsn, "CREATE VIEW ai_conversations AS SELECT 1 AS id")
        fleet.tenant(f"bad-{number}", dsn, ring="canary")
    fleet.tenant("next", ready_dsn(), ring="early").tenant("good", dsns[3], ring="main")
    state, document = roll_out(**QUICK)
    assert (state.type.value, state.name) == ("FAILED", "Halted")
    assert document.summary == {
        "tenants": 5,
        "done": 0,
        "unchanged": 0,
        "failed": 2,
        "not_reached": 3,
        "unreachable": 0,
        "skipped": 0,
    }
    canary, *others = document.rings
    assert (canary.outcome, canary.budget) == ("halted", 1)
    assert [each.outcome for each in others] == ["not_reached", "not_reached"]
    assert {each.reason for each in document.tenants[3:]} == {"ring canary halted"}
    [group] = [each for each in canary.failures if each.signature.startswith("42809")]
    assert (len(group.tenants), group.signature.split(" · ")[1]) == (2, "20250315")
    assert begun([dsns[3]]) == set()
    assert "Not reached" in records.artifact(f"rollout-summary-{ENVIRONMENT}")["data"]


@pytest.mark.usefixtures("first_migration")
def test_a_dry_run_goes_through_all_rings_and_leaves_nothing(
    fleet: Fleet, new_dsn: Callable[[], str], execute: Callable[[str, str], None], records: Records
) -> None:
    bad = new_dsn()
    execute(bad, "CREATE VIEW ai_conversations AS SELECT 1 AS id")
    acme = new_dsn()
    fleet.tenant("bad", bad, ring="canary").tenant("acme", acme)
    state, document = roll_out(dry_run=True, **QUICK)
    assert (document.dry_run, results(document)) == (True, {"bad": "failed", "acme": "done"})
    assert begun([acme]) == set()
    for dsn in (bad, acme):
        with psycopg.connect(dsn) as connection:
            assert connection.execute("SELECT to_regclass('pgfleet.ledger')").fetchone() == (None,)
    names = [each["name"] for each in records.children(str(state.state_details.flow_run_id))]
    assert names[2:] == ["dry run 1 · canary", "dry run 1 · main"]


@pytest.mark.usefixtures("first_migration")
def test_one_wrong_password_affects_only_its_tenant(
    fleet: Fleet, embedded_server: Server, ready_dsn: Callable[[], str]
) -> None:
    fleet.policy("failure_budget = {main = 1}")
    role = embedded_server.create_role("SUPERUSER")
    for number in range(4):
        database = ready_dsn().rsplit("/", 1)[-1]
        password = "wrong" if number == 2 else ROLE_PASSWORD
        fleet.tenant(f"t{number}", embedded_server.cluster.dsn(database, role, password=password))
    state, document = roll_out(**QUICK)
    assert state.name == "Incomplete"
    assert document.summary["done"] == 3
    assert [name for name, result in results(document).items() if result != "done"] == ["t2"]


def test_the_seed_flow_applies_only_seeds_and_the_count_flow_only_counts(
    fleet: Fleet, ready_dsn: Callable[[], str], execute: Callable[[str, str], None], records: Records
) -> None:
    dsn = ready_dsn()
    execute(dsn, "DELETE FROM ai_guardrails.policy_rules; DROP INDEX idx_ai_conversations_user")
    execute(dsn, "INSERT INTO ai_conversations DEFAULT VALUES")
    fleet.tenant("acme", dsn)
    document = left(seed_fleet(ENVIRONMENT, **QUICK, return_state=True))
    keys = [each["key"] for each in records.artifacts() if each["flow_run_id"] == document.run_id and each["key"]]
    expected = {f"{each}-{ENVIRONMENT}" for each in ("seed", "seed-summary", "seed-plan", "seed-plan-summary")}
    assert expected <= {*keys} <= {*expected, f"counts-seed-{ENVIRONMENT}", f"progress-{ENVIRONMENT}"}
    assert (document.what, document.seeds_alone) == ("seed", True)
    [tenant] = document.tenants
    assert (tenant.result, tenant.migrations, [each.rows_added for each in tenant.seeds]) == (Result.DONE, (), [2])
    with psycopg.connect(dsn) as connection:
        index = connection.execute("SELECT to_regclass('idx_ai_conversations_user')").fetchone()
    assert index == (None,), "a seed creates no index"
    fleet.tenant("nowhere", "host=127.0.0.1 port=1 dbname=x")
    state = count_fleet(ENVIRONMENT, return_state=True)
    counts: CountDocument | None = load_result(state.state_details.flow_run_id, COUNT_DOCUMENT)
    assert counts is not None
    assert (state.name, counts.summary) == ("Incomplete", {"tenants": 2, "counted": 1, "uncounted": 1, "skipped": 0})
    found = {each.table: each.rows for each in counts.tenants[0].counts or ()}
    assert found == {"ai_conversations": 1, "ai_messages": 0}
    rows = json.loads(records.artifact(f"counts-{ENVIRONMENT}")["data"])
    assert {row["tenant"] for row in rows} == {"acme", "nowhere"}


def test_after_a_ring_services_are_restarted_tables_watched_and_the_ring_audited_again(
    fleet: Fleet, new_dsn: Callable[[], str], execute: Callable[[str, str], None], tmp_path: Path, records: Records
) -> None:
    """The agent fails to restart at first; nobody works on the queue of acme."""
    script = tmp_path / "restart.py"
    script.write_text(
        "import pathlib, sys\n"
        "file = pathlib.Path(sys.argv[1])\n"
        "tries = file.read_text() if file.exists() else ''\n"
        "file.write_text(tries + 'x')\n"
        "print('try', len(tries) + 1, sys.argv[2])\n"
        "sys.exit(0 if tries else 3)\n",
        encoding="utf-8",
    )
    fleet.policy('watch = "1s"').policy('soak = {canary = "1s"}').policy("failure_budget = {canary = 1}")
    dsn = new_dsn()
    fleet.tenant("acme", dsn, ring="canary")
    command = json.dumps([sys.executable, str(script), str(tmp_path / "tries"), "${RESTART_TOKEN}"])
    fleet.policy(f'restarts = [{{service = "agent", command = {command}}}]')
    os.environ["RESTART_TOKEN"] = "hunter2-token"
    try:
        _, document = roll_out(**QUICK)
        [ring] = document.rings
        assert [(each.service, each.restarted) for each in ring.restarts] == [("agent", True)]
        assert (tmp_path / "tries").read_text() == "xx"
        assert (ring.soaked_seconds, ring.watched_seconds) == (1, 1)
        assert {each.watch for each in ring.watch} == {"task queue", "guardrail policies"}
        assert [each.is_finding for each in ring.watch] == [False, False]
        execute(dsn, "INSERT INTO ai_task_queue (task_type, scheduled_for) VALUES ('late', now() - interval '1 hour')")
        execute(dsn, "DROP INDEX idx_ai_conversations_user")
        state, document = roll_out(**QUICK)
        [finding] = [each for each in document.rings[0].watch if each.is_finding]
        assert (finding.overdue, finding.taken, state.name) == (1, 0, "Failed")
        watched = json.loads(records.artifact(f"watch-{ENVIRONMENT}")["data"])
        assert "late" not in str(watched)
        assert (tmp_path / "tries").read_text() == "xxx"
    finally:
        del os.environ["RESTART_TOKEN"]
    said = [each["message"] for each in records.logs()]
    assert any("try 1 ***" in each for each in said)
    assert not any("hunter2" in each for each in said)


@pytest.mark.usefixtures("first_migration")
def test_drift_during_the_soak_halts_the_rollout(
    fleet: Fleet, new_dsn: Callable[[], str], execute: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = new_dsn()
    fleet.policy('soak = {canary = "1s"}').tenant("acme", dsn, ring="canary").tenant("later", new_dsn())

    def sleep(_seconds: float) -> None:
        execute(dsn, "DROP INDEX idx_ai_conversations_user")

    monkeypatch.setattr("pgfleet.flows._ring.time", SimpleNamespace(sleep=sleep))
    state, document = roll_out(**QUICK)
    assert state.name == "Halted"
    assert "not as expected after the soak: acme (20250315 drifted)" in (document.rings[0].reason or "")
    assert results(document)["later"] == "not_reached"


@pytest.mark.usefixtures("first_and_seeded")
def test_each_granularity_gives_the_same_document(
    fleet: Fleet, new_dsn: Callable[[], str], ready_dsn: Callable[[], str], execute: Callable[[str, str], None]
) -> None:
    """What is done, adopted, healed and what fails, each in a tenant of its own for each granularity."""
    fleet.policy("failure_budget = {main = 9}")
    for granularity in Granularity:
        drifted, wrong = ready_dsn(), new_dsn()
        execute(drifted, "DROP INDEX idx_ai_task_queue_status_schedule")
        execute(wrong, "CREATE VIEW ai_conversations AS SELECT 1 AS id")
        for name, dsn in (("new", new_dsn()), ("ready", ready_dsn()), ("drifted", drifted), ("wrong", wrong)):
            fleet.tenant(f"{name}-{granularity}", dsn)
        fleet.tenant(f"lost-{granularity}", f"postgresql://x@127.0.0.1:1/{granularity}")
    first, *others = (roll_out(tenants=[f"*-{granularity}"], granularity=granularity)[1] for granularity in Granularity)
    assert [each.result for each in first.tenants] == ["done", "done", "done", "failed", "unreachable"]
    assert [each.rows_added for each in first.tenants[0].seeds] == [2]
    for document in others:
        assert [told(each) for each in document.tenants] == [told(each) for each in first.tenants]
        assert (document.summary, document.outcome) == (first.summary, first.outcome)


def told(result: TenantResult) -> dict[str, Any]:
    """All of a tenant's result but its name and how long things took."""
    left_out = {"name": True, "migrations": {"__all__": {"duration_ms"}}, "seeds": {"__all__": {"duration_ms"}}}
    return result.model_dump(exclude=left_out)
