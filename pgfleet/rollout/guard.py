"""Did a script remove rows from a guarded table?"""

from dataclasses import dataclass

from pgfleet.wording import plural

MIN_REMAINING_SHARE = 0.5
"""The share of an estimated row count that must remain after the table was rewritten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardObservation:
    """A guarded table during a transaction; `rows` are counted, or estimated if not `exact`.

    `storage` identifies the table's file, which TRUNCATE and other rewrites replace; None for a partitioned table.
    `inserted` and `deleted` are the rows of this transaction only (PostgreSQL manual, 27.2.26 Statistics Functions).
    """

    table: str
    storage: int | None
    inserted: int
    deleted: int
    rows: int
    exact: bool


def shrinkage(before: GuardObservation, after: GuardObservation | None) -> str | None:
    """How the transaction made the table smaller; None if it did not.

    The server's statistics of this transaction exclude rows that other sessions delete. They include rows that a
    subtransaction inserted and rolled back, so if the script deleted any row, the counts are compared as well. If the
    table was rewritten, only the counts are compared.
    """
    if after is None:
        return f"{before.table} was dropped, with {_rows(before)}"
    deleted, inserted = after.deleted - before.deleted, after.inserted - before.inserted
    if before.storage is not None and before.storage == after.storage:
        fewer = before.rows - after.rows if deleted > 0 and before.exact and after.exact else 0
        taken = max(deleted - inserted, fewer)
        return f"{before.table} lost {taken} of {_rows(before)}" if taken > 0 else None
    least = before.rows if before.exact and after.exact else before.rows * MIN_REMAINING_SHARE
    return f"{before.table} shrank from {_rows(before)} to {after.rows}" if after.rows < least else None


def _rows(observed: GuardObservation) -> str:
    return f"{'' if observed.exact else 'about '}{plural(observed.rows, 'row')}"
