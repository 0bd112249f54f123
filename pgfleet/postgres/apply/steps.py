"""Runs a step of a tenant's rollout: how long it took, and what a permanent error makes of it."""

import time
from collections.abc import Callable
from typing import TypeVar

from pgfleet.documents.entry import Entry
from pgfleet.errors import PgfleetError, TransactionInterrupted

Step = TypeVar("Step", bound=Entry)


def run_step(work: Callable[[], Step], failed: Callable[[PgfleetError], Step]) -> Step:
    """What `work` returns, or what `failed` makes of a permanent error, with the duration.

    Raises transient errors, and TransactionInterrupted.
    """
    began = time.monotonic()
    try:
        step = work()
    except PgfleetError as error:
        if error.transient or isinstance(error, TransactionInterrupted):
            raise
        step = failed(error)
    return step.model_copy(update={"duration_ms": round(1000 * (time.monotonic() - began))})
