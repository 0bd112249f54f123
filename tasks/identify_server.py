"""Identifies a server: its version, and how many connections it may have."""

from collections.abc import Sequence

from prefect import State, get_run_logger, task
from prefect.states import Completed

from pgfleet.postgres.read.servers import ServerIdentity, identify
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.retries import STEP_OPTIONS


@task(name="identify server", task_run_name="identify {server}", **{**STEP_OPTIONS, "retries": 2})
def identify_server(server: str, tenants: Sequence[str], context: RunContext) -> State[ServerIdentity | None]:
    """The server's identity, read through the first of these tenants that accepts a connection; None if none does.

    From then on the server gets no more connections than it allows, from this run or others on the same Prefect API.
    """
    identity = identify([context.tenant(name) for name in tenants], context)
    if identity is None:
        return Completed(message="none of its tenants accepts a connection", data=None)
    allowance = identity.allowance
    context.limiter.allow(server, allowance.connections)
    message = f"PostgreSQL {identity.major}, at most {allowance.connections} connections at once"
    if allowance.reason:  # fewer connections than the policy allows
        message = f"{message}: {allowance.reason}"
        get_run_logger().warning("%s: %s", server, message)
    return Completed(message=message, data=identity)
