"""Finds out which version a server runs, and how many connections it may be asked for."""

from collections.abc import Sequence

from prefect import State, task
from prefect.states import Completed

from pgfleet.postgres.read.servers import ServerIdentity, identify
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.retries import STEP_OPTIONS


@task(name="identify server", task_run_name="identify {server}", **{**STEP_OPTIONS, "retries": 2})
def identify_server(server: str, tenants: Sequence[str], context: RunContext) -> State[ServerIdentity | None]:
    """What there is to know of the server, asked of the first of these tenants that lets us in; None if none does.

    From then on the server is asked for no more connections than it allows.
    """
    identity = identify([context.tenant(name) for name in tenants], context)
    if identity is None:
        return Completed(message="none of its tenants lets us in", data=None)
    context.limiter.allow(server, identity.allowance.connections)
    return Completed(message=in_words(identity), data=identity)


def in_words(identity: ServerIdentity) -> str:
    """`PostgreSQL 18, at most 8 connections at once`, with the reason if it is not as many as the policy says."""
    allowance = identity.allowance
    said = f"PostgreSQL {identity.major}, at most {allowance.connections} connections at once"
    return f"{said}: {allowance.reason}" if allowance.reason else said
