"""One tenant's rollout result, from its steps."""

import pytest
from unit.rollout_literals import a_step, a_tenant_plan, planned

from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.audit import Verdict
from pgfleet.documents.entry import ErrorEntry
from pgfleet.documents.findings import CountEntry
from pgfleet.documents.plan import Action
from pgfleet.documents.rollout import Result, StepStatus
from pgfleet.errors import ConnectionFailed, ConnectionLost, StatementFailed
from pgfleet.judge.observations import CountObservation
from pgfleet.rollout.counts import tenant_counts
from pgfleet.rollout.results import (
    blocked_status,
    build_result,
    failed_result,
    find_blocker,
    not_reached,
    obstructed_result,
)
from pgfleet.rollout.summary import result_of

FAILED, DONE = Result.FAILED, Result.DONE


@pytest.mark.parametrize(
    ("migrations", "seeds", "result"),
    [
        ([], [], Result.UNCHANGED),
        ([StepStatus.SKIPPED], [StepStatus.SKIPPED], Result.UNCHANGED),
        ([StepStatus.SKIPPED, StepStatus.DONE], [], DONE),
        ([StepStatus.SKIPPED], [StepStatus.DONE], DONE),
        ([StepStatus.DONE, StepStatus.NOT_EXERCISED], [], Result.PARTLY_EXERCISED),
        ([StepStatus.DONE, StepStatus.FAILED], [], FAILED),
        ([StepStatus.DONE], [StepStatus.NOT_REACHED], FAILED),
    ],
)
def test_a_tenants_result(migrations: list[StepStatus], seeds: list[StepStatus], result: Result) -> None:
    assert result_of(migrations, seeds) is result


PLAN = a_tenant_plan("acme", planned("1", Action.APPLY))


def test_an_obstacle_becomes_the_result_with_advice() -> None:
    for obstacle, result in ((Verdict.UNREACHABLE, Result.UNREACHABLE), (Verdict.UNKNOWN, FAILED)):
        entry = obstructed_result(a_tenant_plan("acme", obstacle=obstacle, reason="why"))
        assert (entry.result, entry.obstacle, entry.reason) == (result, obstacle, "why")
        assert entry.error is not None
        assert entry.error.advice


def test_an_obstacle_with_a_known_reason_has_its_advice_once() -> None:
    reason = "refused: nothing listens on db1:5432; check that the server is running and that the port is correct"
    plan = a_tenant_plan("acme", obstacle=Verdict.UNREACHABLE, reason=reason)
    entry = obstructed_result(plan.model_copy(update={"unreachable_because": ConnectFailure.REFUSED}))
    assert (entry.reason, entry.unreachable_because) == (reason, ConnectFailure.REFUSED)
    assert entry.error == ErrorEntry(
        message="refused: nothing listens on db1:5432",
        advice="check that the server is running and that the port is correct; "
        "then run the same command again; it skips what is done",
    )
    error = ConnectionFailed("refused: nothing listens on db1:5432", "", None, ConnectFailure.REFUSED)
    assert failed_result(plan, error) == entry.model_copy(update={"obstacle": None})


def test_a_failed_connection_is_unreachable_and_any_other_error_failed() -> None:
    assert failed_result(PLAN, ConnectionFailed("no answer")).result is Result.UNREACHABLE
    assert failed_result(PLAN, StatementFailed("no", "25006")).result is FAILED
    assert not_reached(PLAN, "halted").result is Result.NOT_REACHED


def test_steps_before_a_lost_connection_are_reported() -> None:
    counts = {"one": CountEntry(table="one", rows=3, exact=True)}
    entry = build_result(PLAN, [a_step()], [], (counts, {}), ConnectionLost("gone"))
    assert (entry.result, entry.reason, entry.migrations[0].status) == (FAILED, "gone", StepStatus.DONE)
    assert (entry.counts[0].before, entry.counts[0].after) == (counts["one"], None)


def test_a_migration_whose_requirement_is_not_applied_is_blocked() -> None:
    steps = [a_step("1"), a_step("2", status=StepStatus.FAILED), a_step("3", status=StepStatus.NOT_EXERCISED)]
    assert find_blocker(("1",), steps) is None
    assert find_blocker(("9",), steps) is None, "outside of the scope: its own script will tell"
    failed, not_exercised = find_blocker(("1", "2"), steps), find_blocker(("3",), steps)
    assert failed is not None
    assert not_exercised is not None
    assert blocked_status(failed) == (StepStatus.NOT_REACHED, "required migration 2 is not applied")
    assert blocked_status(not_exercised)[0] is StepStatus.NOT_EXERCISED


def test_tables_that_could_not_be_counted_are_the_reason() -> None:
    readings = (
        CountObservation(table="one", rows=3, exact=True),
        CountObservation(table="two", rows=None, exact=False, fault="no"),
    )
    assert tenant_counts("acme", "main", readings).reason == "two could not be counted: no"
    assert tenant_counts("acme", "main", readings[:1]).reason is None
