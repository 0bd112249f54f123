"""Rehearses work on a tenant: all of it in one transaction that is rolled back."""

from collections.abc import Callable
from typing import TypeVar

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from pgfleet.errors import DryRunInterrupted, PgfleetError
from pgfleet.postgres.session import Session

Found = TypeVar("Found")
DRY_RUNS = 4


def as_dry_run(session: Session, work: Callable[[], Found]) -> Found:
    """What `work` found; begun anew, as a whole, where a passing obstacle is met. Raises what the last attempt did."""
    for attempt in Retrying(
        retry=retry_if_exception(_may_pass),
        stop=stop_after_attempt(DRY_RUNS),
        wait=wait_random_exponential(multiplier=0.5, max=4),
        reraise=True,
    ):
        with attempt, session.dry_run():
            return work()
    raise AssertionError  # the last attempt has returned or raised


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, DryRunInterrupted) or (isinstance(error, PgfleetError) and error.transient)
