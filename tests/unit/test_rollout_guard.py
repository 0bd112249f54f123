"""Whether a script removed rows from a guarded table."""

import pytest

from pgfleet.documents.rollout import Result
from pgfleet.rollout.guard import GuardObservation, shrinkage

FAILED, DONE = Result.FAILED, Result.DONE


def guard(
    rows: int, *, inserted: int = 0, deleted: int = 0, storage: int | None = 1, exact: bool = True
) -> GuardObservation:
    return GuardObservation(table="one", storage=storage, inserted=inserted, deleted=deleted, rows=rows, exact=exact)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (guard(10), guard(10), None),
        (guard(10), guard(7, deleted=3), "one lost 3 of 10 rows"),
        (guard(10), guard(8, deleted=3, inserted=1), "one lost 2 of 10 rows"),
        (guard(10), guard(12, deleted=1, inserted=3), None),
        (guard(10), guard(0, deleted=10, inserted=10), "one lost 10 of 10 rows"),
        (guard(10), guard(6), None),
        (guard(10, deleted=5), guard(10, deleted=5), None),
        (guard(10), None, "one was dropped, with 10 rows"),
        (guard(1), None, "one was dropped, with 1 row"),
        (guard(10), guard(0, storage=2), "one shrank from 10 rows to 0"),
        (guard(10), guard(10, storage=2), None),
        (guard(10), guard(9, storage=2), "one shrank from 10 rows to 9"),
        (guard(1000, exact=False), guard(600, storage=2, exact=False), None),
        (guard(1000, exact=False), guard(400, storage=2, exact=False), "one shrank from about 1000 rows to 400"),
        (guard(10, storage=None), guard(9, storage=None), "one shrank from 10 rows to 9"),
    ],
    ids=[
        "untouched",
        "deleted",
        "deleted more than inserted",
        "inserted more than deleted",
        "deleted, and what was inserted was taken back",
        "others deleted",
        "deleted before",
        "gone",
        "gone with one row",
        "truncated",
        "written anew",
        "written anew with fewer",
        "written anew, estimated",
        "emptied, estimated",
        "partitioned",
    ],
)
def test_a_table_shrank_if_this_transaction_took_rows(
    before: GuardObservation, after: GuardObservation | None, said: str | None
) -> None:
    assert shrinkage(before, after) == said
