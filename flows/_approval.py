"""Asks whether a plan may be carried out: at the terminal, or in Prefect's web interface."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from prefect import pause_flow_run, runtime, suspend_flow_run
from prefect.exceptions import FlowPauseTimeout
from prefect.input import RunInput, read_flow_run_input
from prefect.settings import PREFECT_API_URL
from pydantic import BaseModel, Field, ValidationError

from pgfleet.documents.plan import RolloutPlan

KEY = "approval"
ANSWERS = (f"suspended-{KEY}-response", f"paused-{KEY}-response")
"""Under which Prefect keeps the answer, by whether the run was suspended or paused for it."""
POLL_SECONDS = 2
Asker = Callable[[RolloutPlan, str], bool]
"""Is given a plan and a page (markdown) about it and its dry run, and says whether it may be carried out."""

_asker: ContextVar[Asker | None] = ContextVar("asker", default=None)


class Approval(RunInput):
    """The form in the web interface."""

    plan_digest: str = Field(description="The plan that the answer is about. Leave it as it is.")
    approve: bool = Field(default=False, description="Carry this plan out? Without a yes nothing is done.")


class Answer(BaseModel):
    """What somebody has answered; or that nobody did, where it is not `in_time`."""

    plan_digest: str
    approve: bool
    in_time: bool = True


NO_ANSWER = Answer(plan_digest="", approve=False, in_time=False)


@contextmanager
def asking(asker: Asker) -> Iterator[None]:
    """Within the block, `asker` is who says whether a plan may be carried out."""
    token = _asker.set(asker)
    try:
        yield
    finally:
        _asker.reset(token)


def can_ask() -> bool:
    """Whether there is anybody to ask: at the terminal, or by a Prefect server that outlives the run."""
    return _asker.get() is not None or bool(PREFECT_API_URL.value())


def given_answer() -> Answer | None:
    """The answer that the run was resumed with; None where it was not asked for yet.

    Read as it was given: what it leaves out must not be filled in from the plan that is the plan now.
    """
    for key in ANSWERS:
        given = read_flow_run_input(key)
        if given is not None:
            try:
                return Answer.model_validate(given)
            except ValidationError:
                return Answer(plan_digest="", approve=False)
    return None


def ask(plan: RolloutPlan, page: str, timeout_seconds: int) -> Answer | None:
    """The answer to `plan`, described by `page`. None where nobody can be asked.

    A run of a deployment is suspended: this raises, and the flow begins anew when it is resumed. Any other waits.
    """
    if asker := _asker.get():
        return Answer(plan_digest=plan.digest, approve=asker(plan, page))
    if not can_ask():
        return None
    form = Approval.with_initial_data(description=page, plan_digest=plan.digest)
    if runtime.deployment.id:
        suspend_flow_run(wait_for_input=form, timeout=timeout_seconds, key=KEY)
    else:
        try:
            pause_flow_run(wait_for_input=form, timeout=timeout_seconds, poll_interval=POLL_SECONDS, key=KEY)
        except FlowPauseTimeout:
            return NO_ANSWER
    return given_answer()


def refusal(answer: Answer | None, plan: RolloutPlan) -> str | None:
    """Why nothing may be done after this answer; None if the plan may be carried out."""
    if answer is None:
        return "approval = true, and nobody could be asked: use --yes, a terminal, or a Prefect server"
    if not answer.in_time:
        return "nobody answered within the environment's approval_timeout"
    if not answer.approve:
        return "the plan was not approved"
    if answer.plan_digest != plan.digest:
        named = answer.plan_digest[:12] or "(none named)"
        return f"the answer is to the plan {named}, and the plan is {plan.digest[:12]} now; begin a new run"
    return None
