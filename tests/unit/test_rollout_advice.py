"""What to do next about an error."""

import re

import pytest

from pgfleet.documents.rollout import Result
from pgfleet.errors import (
    AccessRefused,
    ConnectionFailed,
    ConnectionLost,
    GuardTripped,
    LedgerUnusable,
    NotProven,
    PgfleetError,
    Place,
    PlanOutdated,
    StatementFailed,
)
from pgfleet.rollout.advice import BY_KIND, BY_SQLSTATE, advise, build_error_entry

FAILED, DONE = Result.FAILED, Result.DONE


@pytest.mark.parametrize("state", BY_SQLSTATE)
def test_every_listed_sqlstate_has_its_advice(state: str) -> None:
    assert advise(StatementFailed("it", state.ljust(5, "9"))) == BY_SQLSTATE[state]


def test_no_advice_is_to_destroy_what_is_not_pgfleets() -> None:
    texts = [*BY_SQLSTATE.values(), *(text for _, text in BY_KIND)]
    found = [text for text in texts if re.search(r"\b(drop|delete|overwrite|truncate|force|rename)\b", text)]
    assert found == [BY_SQLSTATE["42P07"]]
    assert "rename the migration's object" in BY_SQLSTATE["42P07"], "the tenant's own object stays"


def test_the_longer_code_wins_and_an_unlisted_one_has_none() -> None:
    assert advise(StatementFailed("it", "42703")) != advise(StatementFailed("it", "42999"))
    assert advise(StatementFailed("it", "22012")) is None
    assert advise(PgfleetError("it")) is None


@pytest.mark.parametrize(
    "error",
    [
        NotProven("it"),
        GuardTripped("it"),
        PlanOutdated("it"),
        LedgerUnusable("it"),
        AccessRefused("it"),
        ConnectionFailed("it"),
        ConnectionLost("it"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_without_a_sqlstate_is_advised_by_its_class(error: PgfleetError) -> None:
    assert advise(error)


def test_an_error_entry_contains_the_place() -> None:
    entry = build_error_entry(StatementFailed("no such column", "42703", Place("1_one.sql", 3, 5)))
    assert (entry.message, entry.sqlstate, entry.file, entry.line, entry.column) == (
        "no such column",
        "42703",
        "1_one.sql",
        3,
        5,
    )
