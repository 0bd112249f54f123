"""Runs work on a tenant in one transaction that is rolled back."""

from collections.abc import Callable
from typing import TypeVar

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from pgfleet.errors import PgfleetError, TransactionInterrupted
from pgfleet.postgres.session import Session

Result = TypeVar("Result")
ATTEMPTS = 4


def as_dry_run(session: Session, work: Callable[[], Result], *, is_exact: bool = False) -> Result:
    """What `work` returns; a transient error restarts all of it. Raises the last attempt's error.

    `is_exact` means that the work would be one transaction otherwise, too.
    """
    for attempt in restarting():
        with attempt, session.dry_run(is_exact=is_exact):
            return work()
    raise AssertionError("the last attempt returns or raises")


def restarting() -> Retrying:
    """The attempts of work in one transaction: a transient error restarts it. The last error is raised."""
    return Retrying(
        retry=retry_if_exception(_is_retryable),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.5, max=4),
        reraise=True,
    )


def _is_retryable(error: BaseException) -> bool:
    return isinstance(error, TransactionInterrupted) or (isinstance(error, PgfleetError) and error.transient)
