"""Runs all of a tenant's rollout in one transaction, which is committed completely or not at all."""

from collections.abc import Callable
from typing import Protocol

from pgfleet.documents.rollout import Result, TenantResult
from pgfleet.errors import PgfleetError
from pgfleet.postgres.apply.dry_run import restarting
from pgfleet.postgres.session import Session
from pgfleet.rollout.transaction_mode import roll_back


class Work(Protocol):
    """A rollout under way."""

    def carry_out(self) -> TenantResult:
        """Carries out the plan. Raises PgfleetErrors that end the transaction."""

    def give_up(self, error: PgfleetError) -> TenantResult:
        """The result after an error that ended the transaction."""


def _checked(result: TenantResult) -> TenantResult:
    if result.result is Result.FAILED:
        raise _Failed(result)
    return result


class _Failed(Exception):
    """Rolls back the transaction of a rollout that failed."""

    def __init__(self, result: TenantResult) -> None:
        super().__init__(result)
        self.result = result


def in_one_transaction(session: Session, begin: Callable[[], Work]) -> TenantResult:
    """The result of what `begin` makes: committed, or rolled back if anything of it failed.

    A transient error restarts all of it. After a commit whose answer was lost, the next attempt finds what is done.
    """
    work = begin()
    try:
        for attempt in restarting():
            with attempt, session.one_transaction():
                work = begin()
                return _checked(work.carry_out())
    except _Failed as failed:
        return roll_back(failed.result)
    except PgfleetError as error:
        return roll_back(work.give_up(error))
    raise AssertionError("the last attempt returns or raises")
