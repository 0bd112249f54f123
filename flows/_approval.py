"""Asks whether a plan may be carried out: at the terminal, or in Prefect's web interface."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from prefect import get_run_logger, pause_flow_run, suspend_flow_run
from prefect.exceptions import FlowPauseTimeout
from prefect.input import RunInput, read_flow_run_input
from prefect.settings import PREFECT_API_URL
from pydantic import BaseModel, Field, ValidationError, create_model

from pgfleet.documents.rollout_plan import RolloutPlan
from pgfleet.tasks.support.current_run import deployment_name

KEY = "approval"
ANSWER_KEYS = (f"suspended-{KEY}-response", f"paused-{KEY}-response")
"""Where Prefect stores the answer, depending on whether the run was suspended or paused."""
POLL_SECONDS = 2
Asker = Callable[[RolloutPlan, str], bool]
"""Takes a plan, and says whether it may be carried out.

Where approval is required, also takes a Markdown page about the plan and its dry run; otherwise the page is empty.
"""

_asker: ContextVar[Asker | None] = ContextVar("asker", default=None)


class Approval(RunInput):
    """The form in the web interface."""

    plan_digest: str = Field(description="The plan that this answers. Do not change it.")
    approve: bool = Field(default=False, description="Carry out this plan? Otherwise nothing is done.")


class Answer(BaseModel):
    """An answer; nobody answered if it is not `in_time`."""

    plan_digest: str
    approve: bool
    in_time: bool = True


NO_ANSWER = Answer(plan_digest="", approve=False, in_time=False)


@contextmanager
def asking(asker: Asker) -> Iterator[None]:
    """Within the block, `asker` decides whether a plan may be carried out."""
    token = _asker.set(asker)
    try:
        yield
    finally:
        _asker.reset(token)


def is_at_terminal() -> bool:
    """Whether the run was started at a terminal, where each plan must be confirmed."""
    return _asker.get() is not None


def can_ask() -> bool:
    """Whether somebody can answer: at the terminal, or on a Prefect server that outlives the run."""
    return is_at_terminal() or bool(PREFECT_API_URL.value())


def read_answer() -> Answer | None:
    """The answer that resumed this run; None if the run has not asked yet.

    The answer is read as given. An incomplete one must not be filled in from the current plan.
    """
    for key in ANSWER_KEYS:
        given = read_flow_run_input(key)
        if given is not None:
            try:
                return Answer.model_validate(given)
            except ValidationError:
                return Answer(plan_digest="", approve=False)
    return None


def ask(plan: RolloutPlan, page: str, timeout_seconds: int) -> Answer | None:
    """The answer to `plan`, which `page` describes. None if nobody can answer.

    A run of a deployment is suspended: this function raises, and the flow starts over when it is resumed. Other runs
    wait.
    """
    if asker := _asker.get():
        return Answer(plan_digest=plan.digest, approve=asker(plan, page))
    if not can_ask():
        return None
    form = _form(plan, page)
    get_run_logger().warning("Waits for approval: Resume, on the run's page, shows the plan and asks")
    if deployment_name():
        suspend_flow_run(wait_for_input=form, timeout=timeout_seconds, key=KEY)
    else:
        try:
            pause_flow_run(wait_for_input=form, timeout=timeout_seconds, poll_interval=POLL_SECONDS, key=KEY)
        except FlowPauseTimeout:
            return NO_ANSWER
    return read_answer()


def _form(plan: RolloutPlan, page: str) -> type[Approval]:
    """The form with the plan's digest filled in. Prefect's `with_initial_data` would drop the field's description."""
    field = Field(default=plan.digest, description=Approval.model_fields["plan_digest"].description)
    return create_model("Approval", __base__=Approval, plan_digest=(str, field)).with_initial_data(description=page)


def refusal(answer: Answer | None, plan: RolloutPlan) -> str | None:
    """Why the plan may not be carried out after this answer; None if it may."""
    if answer is None:
        return "approval = true, but nobody can be asked: use --yes, a terminal, or a Prefect server"
    if not answer.in_time:
        return "nobody answered within the environment's approval_timeout"
    if not answer.approve:
        return "the plan was not approved"
    if answer.plan_digest != plan.digest:
        named = answer.plan_digest[:12] or "(no plan)"
        return f"plan {named} was approved, but the plan is now {plan.digest[:12]}; start a new run"
    return None
