"""Tags of flow runs, by which the web interface and automations choose them."""

from prefect import runtime
from prefect.client.orchestration import get_client


def tag_run(*tags: str) -> None:
    """Adds tags to the flow run that this is called in.

    Not by `prefect.tags`, which tags every task run within as well: for each of those Prefect then asks its server
    whether the tag has a concurrency limit, which costs more than all else that a small task does.
    """
    flow_run = runtime.flow_run
    with get_client(sync_client=True) as client:
        client.update_flow_run(flow_run.id, tags=sorted({*flow_run.tags, *tags}))
