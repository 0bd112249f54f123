"""How many tenants of a ring may fail, and when a wave stops starting further ones."""

import pytest
from unit.rollout_literals import a_result

from pgfleet.documents.rollout import Result
from pgfleet.rollout.failures import allowed_failures, count_failures
from pgfleet.run.failure_budget import FailureBudget

FAILED, DONE = Result.FAILED, Result.DONE


@pytest.mark.parametrize(
    ("budgets", "size", "allowed"),
    [({}, 10, 0), ({"main": 3}, 10, 3), ({"main": "5%"}, 100, 5), ({"main": "5%"}, 19, 0), ({"main": "100%"}, 7, 7)],
)
def test_a_budget_is_a_number_or_a_share_of_the_ring(budgets: dict[str, int | str], size: int, allowed: int) -> None:
    assert allowed_failures("main", budgets, size) == allowed


def test_failed_and_unreachable_tenants_count() -> None:
    assert count_failures(a_result(str(number), result) for number, result in enumerate(Result)) == 2


def test_no_tenant_starts_after_the_first_failure_beyond_the_budget() -> None:
    budget = FailureBudget(1)
    for result, allows in ((DONE, True), (FAILED, True), (DONE, True), (Result.UNREACHABLE, False), (DONE, False)):
        budget.record(a_result("t", result))
        assert budget.allows_another is allows


def test_without_a_limit_only_the_stop_signal_stops_a_wave() -> None:
    stopped: list[str] = []
    budget = FailureBudget(None, lambda: bool(stopped))
    budget.record(a_result("t", FAILED))
    assert budget.allows_another
    stopped.append("too many tenants failed in other waves")
    assert not budget.allows_another
