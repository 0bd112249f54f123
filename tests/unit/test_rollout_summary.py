"""The outcome, exit status, and summary of a rollout."""

import pytest
from unit.rollout_literals import a_result, a_ring, a_step, a_watch_entry

from pgfleet.documents.audit import Verdict
from pgfleet.documents.plan import Action
from pgfleet.documents.ring import RingOutcome
from pgfleet.documents.rollout import Result, StepStatus
from pgfleet.rollout.summary import RolloutOutcome, exit_status, outcome_of, summarize

FAILED, DONE = Result.FAILED, Result.DONE


LEFT = a_step("1", Action.LEAVE, StepStatus.SKIPPED)
UNREACHABLE = a_result("u", Result.UNREACHABLE, obstacle=Verdict.UNREACHABLE)
UNKNOWN = a_result("k", FAILED, obstacle=Verdict.UNKNOWN)


@pytest.mark.parametrize(
    ("rings", "tenants", "outcome", "status"),
    [
        ([a_ring()], [a_result("a", DONE), a_result("b", Result.UNCHANGED)], RolloutOutcome.COMPLETED, 0),
        ([a_ring()], [a_result("a", FAILED)], RolloutOutcome.FAILED, 1),
        ([a_ring()], [a_result("a", FAILED), UNREACHABLE], RolloutOutcome.FAILED_INCOMPLETE, 3),
        ([a_ring()], [a_result("a", DONE, LEFT), UNREACHABLE], RolloutOutcome.FINDINGS_INCOMPLETE, 3),
        ([a_ring()], [a_result("a", DONE), UNREACHABLE], RolloutOutcome.INCOMPLETE, 3),
        ([a_ring()], [UNKNOWN], RolloutOutcome.INCOMPLETE, 3),
        ([a_ring(outcome=RingOutcome.HALTED)], [a_result("a", FAILED)], RolloutOutcome.HALTED, 1),
        ([a_ring(outcome=RingOutcome.HALTED)], [UNREACHABLE], RolloutOutcome.HALTED, 3),
        ([a_ring(watch=[a_watch_entry(is_finding=True)])], [a_result("a", DONE)], RolloutOutcome.FAILED, 1),
        ([], [], RolloutOutcome.COMPLETED, 0),
        ([a_ring()], [a_result("a", Result.UNCHANGED, LEFT)], RolloutOutcome.FINDINGS, 1),
        ([a_ring()], [a_result("a", DONE, LEFT), a_result("b", FAILED)], RolloutOutcome.FAILED, 1),
    ],
)
def test_the_outcome_of_a_rollout(rings: list, tenants: list, outcome: RolloutOutcome, status: int) -> None:
    assert (outcome_of(rings, tenants), exit_status(outcome, tenants)) == (outcome, status)


def test_a_summary_counts_every_result() -> None:
    assert summarize([a_result("a", DONE), UNREACHABLE]) == {
        "tenants": 2,
        "done": 1,
        "unchanged": 0,
        "failed": 0,
        "not_reached": 0,
        "unreachable": 1,
    }
