"""Failures grouped by cause."""

from unit.rollout_literals import a_result, a_seed_step, a_step

from pgfleet.documents.entry import ErrorEntry
from pgfleet.documents.rollout import Result, StepStatus
from pgfleet.rollout.failures import group_failures

FAILED, DONE = Result.FAILED, Result.DONE


def failing(name: str, error: ErrorEntry, version: str = "1") -> object:
    return a_result(name, FAILED, a_step(version, status=StepStatus.FAILED, error=error))


MISSING = ErrorEntry(message='relation "one" does not exist', sqlstate="42P01", line=4, column=2, advice="look")


def test_ninety_tenants_that_fail_for_one_reason_are_one_group() -> None:
    other = MISSING.model_copy(update={"line": 9})
    results = [failing(f"t{number}", MISSING) for number in range(90)] + [failing("x", other), a_result("y", DONE)]
    first, second = group_failures(results)
    assert (first.signature, len(first.tenants), first.advice) == ("42P01 · 1 · line 4", 90, "look")
    assert (second.signature, second.tenants) == ("42P01 · 1 · line 9", ("x",))


def test_without_a_sqlstate_the_key_contains_the_message() -> None:
    error = ErrorEntry(message="it is drifted afterwards")
    assert group_failures([failing("t", error)])[0].signature == "it is drifted afterwards · 1"
    seed = a_result("t", FAILED, seeds=[a_seed_step(StepStatus.FAILED, error=error)])
    assert group_failures([seed])[0].signature == "it is drifted afterwards · seed rules"
    lost = a_result("t", Result.UNREACHABLE, error=error)
    assert group_failures([lost])[0].signature == "it is drifted afterwards"
