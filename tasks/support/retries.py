"""When a task is tried again: only if that can help (docs/errors.md)."""

from typing import Any

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import exponential_backoff
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from pgfleet.errors import ConnectionLimitTimeout, PgfleetError
from pgfleet.tasks.support.states import raw_result

RETRIES = 3
FIRST_DELAY_SECONDS = 0.5


def is_transient(error: object) -> bool:
    """Whether what went wrong may be gone when it is tried again; a permit was waited for long enough."""
    return isinstance(error, PgfleetError) and error.transient and not isinstance(error, ConnectionLimitTimeout)


def may_succeed(_task: Task[..., Any], _task_run: TaskRun, state: State[Any]) -> bool:
    """Prefect's question after a failure; a state that a task returned itself holds a finding, not an error."""
    return is_transient(raw_result(state))


STEP_OPTIONS: dict[str, Any] = {
    "retries": RETRIES,
    "retry_delay_seconds": exponential_backoff(FIRST_DELAY_SECONDS),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": may_succeed,
    "cache_policy": NO_CACHE,
    "persist_result": False,
}
"""Of every task that talks to a tenant."""

retrying = Retrying(
    retry=retry_if_exception(is_transient),
    stop=stop_after_attempt(RETRIES + 1),
    wait=wait_random_exponential(multiplier=FIRST_DELAY_SECONDS, max=FIRST_DELAY_SECONDS * 2**RETRIES),
    reraise=True,
)
"""The same for steps that are no task runs of their own."""
