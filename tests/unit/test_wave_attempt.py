"""When a wave is taken for lost and run again."""

import pytest
from prefect.client.schemas.objects import StateType
from unit.literals import a_tenant

from pgfleet.fleet.selection import Wave
from pgfleet.flows._wave_kinds import AUDIT, COUNT, DRY_RUN, PLAN, REPAIR, ROLLOUT, WATCH
from pgfleet.flows._worker_waves import WaveRun
from pgfleet.run.progress import Listener, listening
from pgfleet.tasks.audit_tenant import audit_tenant
from pgfleet.tasks.count_tenant import count_tenant
from pgfleet.tasks.read_activity import read_activity
from pgfleet.tasks.support.wave_attempt import STARTING_SECONDS, Attempt, Observation

SILENCE_SECONDS = 60.0
RUNNING = Observation(state=StateType.RUNNING, heartbeat="1")


def observed(*observations: tuple[float, Observation]) -> Attempt:
    attempt = Attempt(0.0)
    for now_seconds, observation in observations:
        attempt.observe(observation, now_seconds)
    return attempt


@pytest.mark.parametrize(("now_seconds", "is_lost"), [(70.0, False), (71.0, True)])
def test_a_wave_is_lost_if_nothing_changes_for_longer_than_the_silence(now_seconds: float, is_lost: bool) -> None:
    attempt = observed((10.0, RUNNING), (40.0, RUNNING), (69.0, RUNNING))
    assert attempt.is_lost(SILENCE_SECONDS, now_seconds) is is_lost


def test_every_heartbeat_resets_the_silence() -> None:
    beats = ((float(10 * number), Observation(state=StateType.RUNNING, heartbeat=str(number))) for number in range(100))
    assert not observed(*beats).is_lost(SILENCE_SECONDS, 1_000.0)


def test_so_does_every_finished_tenant() -> None:
    tenants = (
        (float(10 * number), Observation(state=StateType.RUNNING, heartbeat="1", finished=number))
        for number in range(100)
    )
    assert not observed(*tenants).is_lost(SILENCE_SECONDS, 1_000.0)


def test_a_wave_that_no_worker_has_taken_is_not_lost() -> None:
    assert not observed((1.0, Observation(state=StateType.SCHEDULED))).is_lost(SILENCE_SECONDS, 1e6)


@pytest.mark.parametrize(("after_seconds", "is_lost"), [(STARTING_SECONDS + 50, False), (STARTING_SECONDS + 61, True)])
def test_a_worker_has_time_to_start_a_run(after_seconds: float, is_lost: bool) -> None:
    attempt = observed((100.0, Observation(state=StateType.PENDING)))
    assert attempt.is_lost(SILENCE_SECONDS, 100.0 + after_seconds) is is_lost


def test_silence_while_prefect_did_not_answer_does_not_count() -> None:
    attempt = observed((1.0, RUNNING))
    attempt.reset_deadline(300.0)
    assert not attempt.is_lost(SILENCE_SECONDS, 301.0)


@pytest.mark.parametrize("state", [StateType.COMPLETED, StateType.CANCELLING, StateType.CRASHED])
def test_a_wave_that_does_not_run_is_not_lost_by_its_silence(state: StateType) -> None:
    assert not observed((1.0, Observation(state=state))).is_lost(SILENCE_SECONDS, 1e6)


def test_a_tenant_of_a_wave_that_is_run_again_counts_once_and_with_its_last_state() -> None:
    """In whatever order the second attempt finishes the tenants."""
    reported: list[str] = []

    class Listening(Listener):
        def finish(self, tenant: str, said: str) -> None:
            reported.append(tenant)

    run = WaveRun(Wave(ring="main", number=1, tenants=(a_tenant("a"), a_tenant("b"), a_tenant("c"))), {})
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
