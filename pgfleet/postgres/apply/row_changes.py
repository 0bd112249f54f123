"""What the current transaction did to a table's rows, and whether guarded tables lost any."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pgfleet.errors import GuardTripped, PermanentError
from pgfleet.judge.observations import CountObservation, QueryResult
from pgfleet.manifest.model import Count
from pgfleet.postgres.query import Query, Rows
from pgfleet.postgres.read.queries import count_observation, count_query, qualified, quoted
from pgfleet.postgres.session import Session
from pgfleet.rollout.guard import GuardObservation, shrinkage
from pgfleet.run.context import RunContext
from pgfleet.run.shipped import statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Rows inserted, updated, and deleted so far; `storage` identifies the table's file."""

    storage: int | None
    inserted: int
    updated: int
    deleted: int


def changes_query(table: str, *, home: str) -> Query:
    """The query for what this transaction did to the table; no row if it does not exist."""
    return Query(statement("introspection/changes"), {"table": quoted(qualified(table, home))})


def changes_of(rows: Rows) -> Changes | None:
    """The result of a `changes_query`; None if the table does not exist."""
    for storage, inserted, updated, deleted in rows:
        return Changes(storage=storage, inserted=inserted, updated=updated, deleted=deleted)
    return None


class GuardedTables:
    """The tables whose rows no script may delete, as far as they exist.

    `existing` are those that were found when the tenant was last read; only those are counted, because the count of a
    table that does not exist fails, and with it everything that is sent along.
    """

    def __init__(self, context: RunContext, home: str, existing: frozenset[str] = frozenset()) -> None:
        self._guarded = [each for each in context.manifest.counts if not each.may_shrink]
        self._limit_rows = context.environment.policy.exact_count_limit_rows
        self._home, self.existing = home, existing

    @property
    def queries(self) -> tuple[Query, ...]:
        """The queries whose rows `read` needs."""
        changes = (changes_query(each.table, home=self._home) for each in self._guarded)
        counts = (count_query(each, home=self._home, limit_rows=self._limit_rows) for each in self._counted)
        return (*changes, *counts)

    def read(self, rows: Sequence[Rows]) -> Mapping[str, GuardObservation]:
        """The counted tables. Notes which tables exist."""
        changes = {
            each.table: changes_of(found) for each, found in zip(self._guarded, rows[: len(self._guarded)], strict=True)
        }
        counts = {
            each.table: count_observation(each.table, QueryResult(rows=tuple(found)))
            for each, found in zip(self._counted, rows[len(self._guarded) :], strict=True)
        }
        self.existing = frozenset(table for table, found in changes.items() if found)
        return {
            table: _guard_observation(changed, counts[table])
            for table, changed in changes.items()
            if changed and table in counts
        }

    def fetch(self, session: Session) -> Mapping[str, GuardObservation]:
        """All that exist, in two round trips. Raises a DatabaseError, and GuardTripped if one cannot be counted."""
        if not self._guarded:
            return {}
        self.existing = frozenset()
        self.read(session.fetch(*self.queries))
        if not self.existing:
            return {}
        try:
            return self.read(session.fetch(*self.queries))
        except PermanentError as error:
            raise GuardTripped(f"guarded tables could not be counted: {error}") from error

    @property
    def _counted(self) -> list[Count]:
        return [each for each in self._guarded if each.table in self.existing]


def _guard_observation(changes: Changes, counted: CountObservation) -> GuardObservation:
    assert counted.rows is not None, "a query that does not fail counts or estimates"  # noqa: S101
    return GuardObservation(
        table=counted.table,
        storage=changes.storage,
        inserted=changes.inserted,
        deleted=changes.deleted,
        rows=counted.rows,
        exact=counted.exact,
    )


def check_row_losses(before: Mapping[str, GuardObservation], after: Mapping[str, GuardObservation]) -> None:
    """Raises GuardTripped if this transaction made a guarded table smaller."""
    losses = [said for table, reading in before.items() if (said := shrinkage(reading, after.get(table)))]
    if losses:
        raise GuardTripped(f"rows would be lost: {'; '.join(losses)}")
