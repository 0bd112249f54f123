"""The rollout's flows on a real fleet, as Prefect recorded them."""

import contextvars
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock
from uuid import UUID

import psycopg
import pytest
from fixtures.command import CommandLine
from fixtures.fleet import ENVIRONMENT, Fleet
from fixtures.prefect import Records
from fixtures.servers import ROLE_PASSWORD, Server, started
from fixtures.waiting import until
from prefect import State
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.exceptions import Pause
from prefect.flow_engine import run_flow
from prefect.settings import PREFECT_RESULTS_PERSIST_BY_DEFAULT, temporary_settings

from pgfleet.documents.audit import AuditDocument, Verdict
from pgfleet.documents.counts import CountDocument
from pgfleet.documents.rollout import Result, RolloutDocument, TenantResult
from pgfleet.fleet.secret import Dsn
from pgfleet.flows.audit import audit_fleet
from pgfleet.flows.count import count_fleet
from pgfleet.flows.rollout import rollout_fleet
from pgfleet.flows.seed import seed_fleet
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.embedded.binaries import embedded_binaries
from pgfleet.run.context import Granularity
from pgfleet.run.shipped import sql_folder
from pgfleet.tasks.support.results import (
    AUDIT_DOCUMENT,
    COUNT_DOCUMENT,
    PLAN,
    ROLLOUT_DOCUMENT,
    ROLLOUT_PLAN,
    load_result,
)
from pgfleet.tasks.support.server_lease import limit_name

pytestmark = pytest.mark.usefixtures("prefect_api")
QUICK = {"granularity": Granularity.TENANT}


def left(state: State) -> RolloutDocument:
    document = load_result(state.state_details.flow_run_id, ROLLOUT_DOCUMENT)
    assert document is not None, state.message
    return document


def roll_out(**parameters: Any) -> tuple[State, RolloutDocument]:
    state = rollout_fleet(ENVIRONMENT, **parameters, return_state=True)
    return state, left(state)


def audited() -> dict[str, Verdict]:
    state = audit_fleet(ENVIRONMENT, granularity=Granularity.TENANT, return_state=True)
    document: AuditDocument | None = load_result(state.state_details.flow_run_id, AUDIT_DOCUMENT)
    assert document is not None
    return {each.name: each.verdict for each in document.tenants}


def results(document: RolloutDocument) -> dict[str, str]:
    return {each.name: str(each.result) for each in document.tenants}


@pytest.fixture
def execute(embedded_server: Server) -> Callable[[str, str], None]:
    return lambda dsn, sql: embedded_server.execute(sql, dsn.rsplit("/", 1)[-1])


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


def asked_run(records: Records, **parameters: Any) -> tuple[threading.Thread, list[State], str]:
    """A rollout that waits for its answer: its thread, where its state will be, and the run's id."""
    states: list[State] = []
    context = contextvars.copy_context()
    known = paused(records)

    def run() -> None:
        states.append(rollout_fleet(ENVIRONMENT, **parameters, return_state=True))

    thread = threading.Thread(target=context.run, args=(run,))
    thread.start()

    [run_id] = until(lambda: paused(records) - known)
    return thread, states, run_id


def paused(records: Records) -> set[str]:
    """The runs that wait for an answer."""
    found = records.ask("/flow_runs/filter", flow_runs={"state": {"type": {"any_": ["PAUSED"]}}}, limit=200)
    return {each["id"] for each in found}


def answer(records: Records, run_id: str, **given: Any) -> None:
    until(lambda: records.ask(f"/flow_runs/{run_id}/resume", run_input=given).get("status") == "ACCEPT")


def digest_of(records: Records) -> str:
    return records.artifact(f"plan-{ENVIRONMENT}")["description"]


@pytest.mark.usefixtures("first_migration")
@pytest.mark.parametrize("given", ["yes", "unnamed"])
def test_only_an_approval_that_names_the_plan_starts_the_rollout(
    fleet: Fleet, new_dsn: Callable[[], str], records: Records, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgfleet.flows._approval.POLL_SECONDS", 0.2)
    dsn = new_dsn()
    fleet.policy("approval = true").tenant("acme", dsn, ring="canary")
    thread, states, run_id = asked_run(records, **QUICK)
    assert begun([dsn]) == set(), "nothing is done before the answer"
    plan = load_result(UUID(run_id), ROLLOUT_PLAN, kind=PLAN)
    assert plan is not None
    named = {} if given == "unnamed" else {"plan_digest": plan.digest}
    answer(records, run_id, approve=True, **named)
    thread.join()
    document = left(states[0])
    if given == "yes":
        assert (states[0].type.value, begun([dsn])) == ("COMPLETED", {dsn})
        return
    assert states[0].name == "Refused"
    assert "not approved" in (document.reason or "")
    assert results(document) == {"acme": "not_reached"}
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT to_regclass('pgfleet.ledger')").fetchone() == (None,)


@pytest.mark.usefixtures("first_migration")
def test_without_an_answer_in_time_nothing_is_done(
    fleet: Fleet, new_dsn: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgfleet.flows._approval.POLL_SECONDS", 0.2)
    dsn = new_dsn()
    fleet.policy("approval = true").policy('approval_timeout = "1s"').tenant("acme", dsn)
    state, document = roll_out(**QUICK)
    assert state.type.value == "FAILED", "Prefect has a name of its own for it"
    assert (document.outcome, document.reason) == (
        "Refused",
        "nobody answered within the environment's approval_timeout",
    )
    assert begun([dsn]) == set()


RESUMED = {
    "nothing": ("Completed", "done"),
    "the tenant changes": ("Refused", "not_reached"),
    "the first wave breaks off": ("Halted", "failed"),
}
"""The outcome and the tenant's result, by what happens before the run is resumed."""


def deployed_run() -> str:
    """A run of a deployment of the rollout, which nobody has begun yet."""
    with get_client(sync_client=True) as client:
        flow_id = client.create_flow(rollout_fleet)
        deployment_id = client.create_deployment(flow_id, name="by-hand")
        run = client.create_flow_run_from_deployment(
            deployment_id, parameters={"environment": ENVIRONMENT, "granularity": "tenant"}
        )
    return str(run.id)


def begin(run_id: str) -> State:
    """Does what a process does that is started for the run."""
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(UUID(run_id))
    return run_flow(rollout_fleet, flow_run=run, parameters=run.parameters, return_type="state")


@pytest.mark.usefixtures("first_migration")
@pytest.mark.parametrize("meanwhile", ["nothing", "the tenant changes", "the first wave breaks off"])
def test_a_run_of_a_deployment_is_suspended_and_begins_anew_when_it_is_resumed(
    fleet: Fleet,
    new_dsn: Callable[[], str],
    execute: Callable[[str, str], None],
    records: Records,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: str,
) -> None:
    """What was planned and rehearsed before must not be taken for what is so now, wherever Prefect keeps results."""
    dsn = new_dsn()
    fleet.policy("approval = true").tenant("acme", dsn, ring="canary")
    run_id = deployed_run()
    with temporary_settings({PREFECT_RESULTS_PERSIST_BY_DEFAULT: True}):
        with pytest.raises(Pause):
            begin(run_id)
        assert begun([dsn]) == set(), "nothing is done before the answer"
        plan = load_result(UUID(run_id), ROLLOUT_PLAN, kind=PLAN)
        assert plan is not None
        answer(records, run_id, approve=True, plan_digest=plan.digest)
        if meanwhile == "the tenant changes":
            [script] = sql_folder().glob("migrations/20250315_*.sql")
            execute(dsn, script.read_text(encoding="utf-8"))
        if meanwhile == "the first wave breaks off":
            monkeypatch.setattr("pgfleet.flows.rollout_wave.open_wave", Mock(side_effect=RuntimeError("broken")))
        begin(run_id)
    document = load_result(UUID(run_id), ROLLOUT_DOCUMENT)
    assert document is not None
    outcome, result = RESUMED[meanwhile]
    assert (document.outcome, results(document)) == (outcome, {"acme": result})
    assert begun([dsn]) == ({dsn} if result == "done" else set())
    waves = [each["name"] for each in records.children(run_id) if not each["name"].startswith("plan")]
    assert waves == ["dry run 1 · canary", *(["wave 1 · canary"] if outcome != "Refused" else [])]


def test_each_granularity_gives_the_same_document(
    fleet: Fleet, new_dsn: Callable[[], str], ready_dsn: Callable[[], str], execute: Callable[[str, str], None]
) -> None:
    """What is done, adopted, healed and what fails, each in a tenant of its own for each granularity."""
    fleet.policy("failure_budget = {main = 9}")
    for granularity in Granularity:
        drifted, wrong = ready_dsn(), new_dsn()
        execute(drifted, "DROP INDEX idx_ai_task_queue_status_schedule")
        execute(wrong, "CREATE TABLE ai_messages ()")
        for name, dsn in (("new", new_dsn()), ("ready", ready_dsn()), ("drifted", drifted), ("wrong", wrong)):
            fleet.tenant(f"{name}-{granularity}", dsn)
        fleet.tenant(f"lost-{granularity}", f"postgresql://x@127.0.0.1:1/{granularity}")
    first, *others = (roll_out(tenants=[f"*-{granularity}"], granularity=granularity)[1] for granularity in Granularity)
    assert [each.result for each in first.tenants] == ["done", "done", "done", "failed", "unreachable"]
    for document in others:
        assert [told(each) for each in document.tenants] == [told(each) for each in first.tenants]
        assert (document.summary, document.outcome) == (first.summary, first.outcome)


def told(result: TenantResult) -> dict[str, Any]:
    """All of a tenant's result but its name and how long things took."""
    left_out = {"name": True, "migrations": {"__all__": {"duration_ms"}}, "seeds": {"__all__": {"duration_ms"}}}
    return result.model_dump(exclude=left_out)


def test_a_command_that_is_killed_in_the_middle_is_run_again_and_completes(
    fleet: Fleet, pgfleet: CommandLine, new_dsn: Callable[[], str]
) -> None:
    """One tenant after another, so that there is a middle."""
    dsns = [new_dsn() for _ in range(3)]
    fleet.policy("max_connections_per_server = 1")
    for number, dsn in enumerate(dsns):
        fleet.tenant(f"t{number}", dsn)
    silently = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    process = pgfleet.started("rollout", ENVIRONMENT, "--yes", "--granularity", "tenant", **silently)
    until(lambda: process.poll() is not None or begun(dsns), pause_seconds=0.02)
    assert process.poll() is None
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    give_back_slots(dsns[0])
    assert begun(dsns) != set(dsns), "it was in the middle"
    for verdict in audited().values():
        assert verdict in {Verdict.READY, Verdict.BLOCKED}
    again = pgfleet("rollout", ENVIRONMENT, "--yes", "--format", "json", "--granularity", "tenant")
    assert again.returncode == 0, again.stderr
    document = RolloutDocument.model_validate_json(again.stdout)
    assert set(results(document).values()) <= {"done", "unchanged"}


def give_back_slots(dsn: str) -> None:
    """As if the leases of the killed process had ended: the session's Prefect server does not look for those."""
    name = limit_name(libpq.server(Dsn(dsn)))
    with get_client(sync_client=True) as client:
        client.update_global_concurrency_limit(name, GlobalConcurrencyLimitUpdate(active_slots=0))


def begun(dsns: list[str]) -> set[str]:
    """Tenants in which a rollout committed something."""
    found = set()
    for dsn in dsns:
        with psycopg.connect(dsn) as connection:
            if connection.execute("SELECT to_regclass('pgfleet.ledger')").fetchone() != (None,):
                found.add(dsn)
    return found


def test_a_server_that_stops_in_the_middle_of_a_wave_and_comes_back(fleet: Fleet) -> None:
    with started(embedded_binaries()) as server:
        dsns = [server.cluster.dsn(server.create_database()) for _ in range(3)]
        fleet.policy("max_connections_per_server = 2").policy("failure_budget = {main = 3}")
        for number, dsn in enumerate(dsns):
            fleet.tenant(f"t{number}", dsn)
        states: list[State] = []
        context = contextvars.copy_context()

        def run() -> None:
            states.append(rollout_fleet(ENVIRONMENT, granularity=Granularity.TENANT, return_state=True))

        thread = threading.Thread(target=context.run, args=(run,))
        thread.start()
        until(lambda: begun(dsns), pause_seconds=0.02)
        server.cluster.restart("immediate")
        thread.join()
        assert set(results(left(states[0])).values()) <= {"done", "failed", "unreachable"}
        _, again = roll_out(**QUICK)
        assert set(results(again).values()) <= {"done", "unchanged"}
