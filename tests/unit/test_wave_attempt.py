"""When a wave counts as lost, and which of its results count when it is run again."""

import time
from unittest.mock import Mock
from uuid import UUID

import httpx
import pytest
from prefect.client.schemas.objects import FlowRun, StateType, TaskRun
from prefect.states import Completed, Failed, Running
from unit.literals import a_tenant

from pgfleet.fleet.selection import Wave
from pgfleet.flows._worker_waves import STARTING_SECONDS, WaveRun, Workers
from pgfleet.flows.audit_wave import AUDIT
from pgfleet.flows.count_wave import COUNT
from pgfleet.flows.plan_wave import PLAN
from pgfleet.flows.repair_wave import REPAIR
from pgfleet.flows.rollout_wave import DRY_RUN, ROLLOUT
from pgfleet.flows.watch_wave import WATCH
from pgfleet.run.progress import Listener, listening
from pgfleet.tasks.audit_tenant import audit_tenant
from pgfleet.tasks.count_tenant import count_tenant
from pgfleet.tasks.read_activity import read_activity

SILENCE_SECONDS = 60.0
RUNNING = StateType.RUNNING


def a_run() -> WaveRun:
    tenants = tuple(a_tenant(name) for name in "abc")
    return WaveRun(wave=Wave(ring="main", number=1, tenants=tenants), parameters={})


def is_lost(run: WaveRun, now: float, state: StateType = RUNNING, heartbeat: str | None = None) -> bool:
    return run.is_lost(state, heartbeat, SILENCE_SECONDS, now)


def workers_of(run: WaveRun, **saved: str) -> Workers:
    return Workers(
        flow=AUDIT.flow,
        task_run="{}",
        saved=lambda _: saved,
        pool="p",
        stop=lambda _: False,
        silence_seconds=SILENCE_SECONDS,
        runs=[run],
    )


@pytest.mark.parametrize(("now_seconds", "lost"), [(70.0, False), (71.0, True)])
def test_a_wave_is_lost_if_nothing_changes_for_longer_than_the_silence(now_seconds: float, lost: bool) -> None:
    run = a_run()
    assert [is_lost(run, now) for now in (10.0, 40.0, 69.0)] == [False] * 3
    assert is_lost(run, now_seconds) is lost


def test_every_heartbeat_resets_the_silence() -> None:
    run = a_run()
    assert not any(is_lost(run, 50.0 * number, heartbeat=str(number)) for number in range(100))


def test_so_does_every_finished_tenant() -> None:
    run = a_run()
    for number, tenant in enumerate("abc"):
        run.record({tenant: "done"})
        assert not is_lost(run, 50.0 * number)


def test_a_wave_that_no_worker_has_taken_is_not_lost() -> None:
    run = a_run()
    assert not any(is_lost(run, now, StateType.SCHEDULED) for now in (1.0, 1e6))


@pytest.mark.parametrize(("after_seconds", "lost"), [(STARTING_SECONDS + 50, False), (STARTING_SECONDS + 61, True)])
def test_a_worker_has_time_to_start_a_run(after_seconds: float, lost: bool) -> None:
    run = a_run()
    assert not is_lost(run, 100.0, StateType.PENDING)
    assert is_lost(run, 100.0 + after_seconds, StateType.PENDING) is lost


def test_silence_while_prefect_does_not_answer_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    run, own_id = a_run(), UUID(int=1)
    run.changed_at = time.monotonic() - 1e6
    monkeypatch.setattr("pgfleet.flows._worker_waves.get_client", Mock(side_effect=httpx.ConnectError("refused")))
    monkeypatch.setattr("pgfleet.flows._worker_waves.get_run_logger", Mock())
    workers_of(run)._poll(own_id, [run])
    assert not is_lost(run, time.monotonic() + SILENCE_SECONDS - 1)


def test_a_failure_counts_even_if_prefect_records_the_task_run_after_the_end_of_the_wave() -> None:
    """Prefect writes the states of task runs in batches, and that of the flow run at once."""
    run = a_run()
    client = Mock(**{"read_task_runs.return_value": []})
    workers = workers_of(run, a="failed", b="not_reached")
    workers._observe(client, run, FlowRun(flow_id=UUID(int=1), state=Failed()))
    assert run.states == {"a": "failed", "b": "not_reached", "c": "finished"}
    assert run.state is not None


def test_tenants_that_share_a_task_run_count_once_that_has_finished() -> None:
    run = a_run()
    shared = TaskRun(
        task_key="k", dynamic_key="0", name="audit 2 tenants: a …", state=Completed(message="a Ready, b Blocked")
    )
    own = TaskRun(task_key="k", dynamic_key="1", name="b", state=Failed(name="Unknown"), state_name="Unknown")
    client = Mock(**{"read_task_runs.side_effect": [[shared], [own]]})
    run.changed_at = time.monotonic()
    workers_of(run)._observe(client, run, FlowRun(flow_id=UUID(int=1), state=Running()))
    assert run.states == {"a": "ready", "b": "unknown"}


@pytest.mark.parametrize("state", [StateType.CANCELLING, StateType.PAUSED])
def test_a_wave_that_does_not_run_is_not_lost_by_its_silence(state: StateType) -> None:
    run = a_run()
    assert not any(is_lost(run, now, state) for now in (1.0, 1e6))


def test_a_tenant_of_a_wave_that_is_run_again_counts_once_and_with_its_last_state() -> None:
    """For any order in which the second attempt finishes the tenants."""
    reported: list[str] = []

    class Listening(Listener):
        def finish(self, tenant: str, result: str) -> None:
            reported.append(tenant)

    run = a_run()
    with listening(Listening()):
        run.record({"a": "failed", "b": "done"})
        run.start(run.run_id)
        run.record({"b": "unchanged"})
        assert run.finished == {"b"}
        run.record({"c": "done", "a": "failed"})
    assert run.states == {"a": "failed", "b": "unchanged", "c": "done"}
    assert reported == ["a", "b", "c"]


def test_the_parent_knows_the_names_of_the_task_runs_of_tenants() -> None:
    """It finds the finished tenants by these names."""
    named = ((AUDIT, audit_tenant), (PLAN, audit_tenant), (COUNT, count_tenant), (WATCH, read_activity))
    for kind, task in named:
        assert kind.task_run.format("{tenant}") == task.task_run_name
    assert [kind.task_run for kind in (ROLLOUT, DRY_RUN, *REPAIR.values())] == [
        "roll out {}",
        "dry run of {}",
        "plan repair of {}",
        "dry run of repair of {}",
        "repair {}",
    ]
