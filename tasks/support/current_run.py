"""The current flow run: its tags, and whether its parent runs in the same process."""

from prefect import runtime
from prefect.client.orchestration import get_client
from prefect.context import FlowRunContext


def tag_run(*tags: str) -> None:
    """Adds tags to the current flow run.

    `prefect.tags` would also tag the task runs, and for each tag of a task run Prefect asks its server for a
    concurrency limit, which takes longer than the rest of a small task.
    """
    with get_client(sync_client=True) as client:
        client.update_flow_run(runtime.flow_run.id, tags=sorted({*runtime.flow_run.tags, *tags}))


def is_in_parent_process() -> bool:
    """Whether the current flow run is a child that its parent called, and not a run of a deployment."""
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    return run is not None and run.parent_task_run_id is not None and run.deployment_id is None
