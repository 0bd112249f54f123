"""Options of tasks: when a task is retried (docs/errors.md)."""

from typing import Any

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import exponential_backoff

from pgfleet.run.retries import FIRST_DELAY_SECONDS, RETRIES, is_transient
from pgfleet.tasks.support.states import raw_result


def may_succeed(_task: Task[..., Any], _task_run: TaskRun, state: State[Any]) -> bool:
    """Whether Prefect retries after this state. A state that the task returned has a result, not an error."""
    return is_transient(raw_result(state))


STEP_OPTIONS: dict[str, Any] = {
    "retries": RETRIES,
    "retry_delay_seconds": exponential_backoff(FIRST_DELAY_SECONDS),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": may_succeed,
    "cache_policy": NO_CACHE,
    "persist_result": False,
}
"""Options of tasks that query a tenant."""

PUBLISH_OPTIONS: dict[str, Any] = {
    "cache_policy": NO_CACHE,
    "persist_result": False,
    "retries": 2,
    "retry_delay_seconds": 1,
}
"""Options of tasks that use only Prefect's API and files."""
