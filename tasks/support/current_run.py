"""The current flow run: its tags, its deployment, and whether its parent runs in the same process."""

from prefect import runtime
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext


def tag_run(*tags: str) -> None:
    """Adds tags to the current flow run.

    `prefect.tags` would also tag the task runs, and for each tag of a task run Prefect asks its server for a
    concurrency limit, which takes longer than the rest of a small task.
    """
    with get_client(sync_client=True) as client:
        client.update_flow_run(runtime.flow_run.id, tags=sorted({*runtime.flow_run.tags, *tags}))


def deployment_name() -> str | None:
    """The name of the current flow run's deployment; None if it is not a run of a deployment.

    `prefect.runtime.deployment` asks Prefect's API, also if the run is known to have none.
    """
    run = _current_run()
    return runtime.deployment.name if run is None or run.deployment_id else None


def is_in_parent_process() -> bool:
    """Whether the current flow run is a child that its parent called, and not a run of a deployment."""
    run = _current_run()
    return run is not None and run.parent_task_run_id is not None and run.deployment_id is None


def _current_run() -> FlowRun | None:
    context = FlowRunContext.get()
    return context.flow_run if context else None
