"""Runs all work on a tenant in one transaction: a dry run, or a rollout that is committed completely or not at all."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from pgfleet.documents.rollout import Result, TenantResult
from pgfleet.errors import PgfleetError, TransactionInterrupted
from pgfleet.postgres.session import Session
from pgfleet.rollout.transaction_mode import roll_back

Found = TypeVar("Found")
ATTEMPTS = 4


class Work(Protocol):
    """A rollout under way."""

    def carry_out(self) -> TenantResult:
        """Carries out the plan. Raises PgfleetErrors that end the transaction."""

    def give_up(self, error: PgfleetError) -> TenantResult:
        """The result after an error that ended the transaction."""


def as_dry_run(session: Session, work: Callable[[], Found], *, is_exact: bool = False) -> Found:
    """What `work` returns, rolled back; a transient error restarts all of it. Raises the last attempt's error.

    `is_exact` means that the work would be one transaction otherwise, too.
    """

    def attempt() -> Found:
        with session.dry_run(is_exact=is_exact):
            return work()

    return _restarting(attempt)


def in_one_transaction(session: Session, begin: Callable[[], Work]) -> TenantResult:
    """The result of what `begin` makes: committed, or rolled back if anything of it failed.

    A transient error restarts all of it. After a commit whose answer was lost, the next attempt finds what is done.
    """
    work = begin()

    def attempt() -> TenantResult:
        nonlocal work
        with session.one_transaction():
            work = begin()
            result = work.carry_out()
            if result.result is Result.FAILED:
                raise _Failed(result)
            return result

    try:
        return _restarting(attempt)
    except _Failed as failed:
        return roll_back(failed.result)
    except PgfleetError as error:
        return roll_back(work.give_up(error))


class _Failed(Exception):
    """Rolls back the transaction of a rollout that failed."""

    def __init__(self, result: TenantResult) -> None:
        super().__init__(result)
        self.result = result


def _restarting(attempt: Callable[[], Found]) -> Found:
    """The result of work in one transaction, which a transient error restarts. Raises the last error."""
    retrying = Retrying(
        retry=retry_if_exception(_is_retryable),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.5, max=4),
        reraise=True,
    )
    return retrying(attempt)


def _is_retryable(error: BaseException) -> bool:
    return isinstance(error, TransactionInterrupted) or (isinstance(error, PgfleetError) and error.transient)
