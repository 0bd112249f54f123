"""Lets tenants share task runs under `auto`."""

from collections.abc import Callable
from typing import Any

from prefect.futures import PrefectFuture

from pgfleet.postgres.read.sweep import Sweep
from pgfleet.postgres.read.turns import Chunk
from pgfleet.run.context import Granularity, RunContext
from pgfleet.tasks.support.chunks import tenant_state
from pgfleet.tasks.support.states import unwrap

SMALL_WAVE_TENANTS = 20
"""In waves of at most this size each tenant has a task run of its own."""


def sweep_if_auto(
    granularity: Granularity,
    context: RunContext,
    submit: Callable[[Chunk], PrefectFuture[Any]],
) -> Sweep | None:
    """The sweep under `auto`; None otherwise, and in small waves."""
    if granularity is not Granularity.AUTO or len(context.environment.tenants) <= SMALL_WAVE_TENANTS:
        return None
    return Sweep(submit=submit, result=_result)


def _result(future: Any, position: int) -> Any:
    future.wait()  # the future knows its final state only after this
    return unwrap(tenant_state(future.state, position))
