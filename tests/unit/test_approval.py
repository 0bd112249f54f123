"""Only an answer that approves this very plan lets a rollout go on."""

import pytest
from unit.rollout_literals import a_plan

from pgfleet.flows._approval import NO_ANSWER, Answer, refusal

PLAN = a_plan()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(plan_digest=PLAN.digest, approve=True), None),
        (Answer(plan_digest=PLAN.digest, approve=False), "the plan was not approved"),
        (Answer(plan_digest="", approve=False), "the plan was not approved"),
        (Answer(plan_digest="", approve=True), f"plan (no plan) was approved, but the plan is now {PLAN.digest[:12]}"),
        (Answer(plan_digest="f" * 64, approve=True), f"plan {'f' * 12} was approved, but the plan is now "),
        (NO_ANSWER, "nobody answered within the environment's approval_timeout"),
        (None, "approval = true, but nobody can be asked: "),
    ],
    ids=["yes", "no", "no without a plan", "yes without a plan", "yes to another plan", "too late", "nobody"],
)
def test_the_reason_why_a_plan_may_not_be_carried_out(answer: Answer | None, reason: str | None) -> None:
    found = refusal(answer, PLAN)
    assert found == reason if reason is None else (found or "").startswith(reason)
