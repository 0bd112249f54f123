"""Rollouts that wait for an approval: only one that names the plan starts them."""

import contextvars
import threading
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock
from uuid import UUID

import psycopg
import pytest
from fixtures.fleet import ENVIRONMENT, Fleet
from fixtures.prefect import Records
from fixtures.rolled_out import QUICK, begun, left, results, roll_out
from fixtures.waiting import until
from prefect import State
from prefect.client.orchestration import get_client
from prefect.exceptions import Pause
from prefect.flow_engine import run_flow
from prefect.settings import PREFECT_RESULTS_PERSIST_BY_DEFAULT, temporary_settings

from pgfleet.flows.rollout import rollout_fleet
from pgfleet.run.shipped import sql_folder
from pgfleet.tasks.support.results import (
    PLAN,
    ROLLOUT_DOCUMENT,
    ROLLOUT_PLAN,
    load_result,
)

pytestmark = pytest.mark.usefixtures("prefect_api")


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
