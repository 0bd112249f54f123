"""Did a script take rows from a table that it should have left alone?"""

from dataclasses import dataclass

FEWEST_LEFT = 0.5
"""Of an estimate, which is no count: what must be left of it after the table was written anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardObservation:
    """A guarded table in the midst of a transaction; `rows` are counted or, where not `exact`, estimated.

    `storage` identifies the file that holds it, which TRUNCATE and whatever writes the table anew replace; None for a
    partitioned one. `inserted` and `deleted` are rows of this transaction's alone (PostgreSQL manual, 27.2.26
    Statistics Functions).
    """

    table: str
    storage: int | None
    inserted: int
    deleted: int
    rows: int
    exact: bool


def shrinkage(before: GuardObservation, after: GuardObservation | None) -> str | None:
    """How the transaction made the table smaller; None if it did not.

    Rows that others delete meanwhile are no business of the migration's, so its own are counted by the server's
    statistics of this transaction. Those count what a subtransaction inserted and took back, too, so a script that
    deleted any row is held against the counts as well; where the table was written anew only they can tell.
    """
    if after is None:
        return f"{before.table} is gone, with {_rows(before)}"
    deleted, inserted = after.deleted - before.deleted, after.inserted - before.inserted
    if before.storage is not None and before.storage == after.storage:
        taken = max(deleted - inserted, _fewer(before, after) if deleted > 0 else 0)
        return f"{before.table} lost {taken} of {_rows(before)}" if taken > 0 else None
    least = before.rows if before.exact and after.exact else before.rows * FEWEST_LEFT
    return f"{before.table} shrank from {_rows(before)} to {after.rows}" if after.rows < least else None


def _fewer(before: GuardObservation, after: GuardObservation) -> int:
    return before.rows - after.rows if before.exact and after.exact else 0


def _rows(reading: GuardObservation) -> str:
    return f"{'' if reading.exact else 'about '}{reading.rows} row{'' if reading.rows == 1 else 's'}"
