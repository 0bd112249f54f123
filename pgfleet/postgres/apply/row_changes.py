"""What the current transaction did to a table's rows, and whether guarded tables lost any."""

from collections.abc import Mapping
from dataclasses import dataclass

from pgfleet.errors import GuardTripped
from pgfleet.postgres.query import Query
from pgfleet.postgres.read.audit_steps import count
from pgfleet.postgres.read.queries import qualified, quoted
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


def read_changes(session: Session, table: str) -> Changes | None:
    """What this transaction did to the table; None if it does not exist. Raises a DatabaseError."""
    name = quoted(qualified(table, session.home))
    [rows] = session.fetch(Query(statement("introspection/changes"), {"table": name}))
    for storage, inserted, updated, deleted in rows:
        return Changes(storage=storage, inserted=inserted, updated=updated, deleted=deleted)
    return None


def read_guards(session: Session, context: RunContext) -> Mapping[str, GuardObservation]:
    """The existing guarded tables. Raises a DatabaseError, and GuardTripped if one cannot be counted."""
    found = {}
    for guarded in (each for each in context.manifest.counts if not each.may_shrink):
        changes, counted = read_changes(session, guarded.table), count(session, context, guarded.table)
        if counted.fault:
            raise GuardTripped(f"{guarded.table} is guarded and could not be counted: {counted.fault}")
        if changes and counted.rows is not None:
            found[guarded.table] = GuardObservation(
                table=guarded.table,
                storage=changes.storage,
                inserted=changes.inserted,
                deleted=changes.deleted,
                rows=counted.rows,
                exact=counted.exact,
            )
    return found


def check_row_losses(before: Mapping[str, GuardObservation], after: Mapping[str, GuardObservation]) -> None:
    """Raises GuardTripped if this transaction made a guarded table smaller."""
    losses = [said for table, reading in before.items() if (said := shrinkage(reading, after.get(table)))]
    if losses:
        raise GuardTripped(f"rows would be lost: {'; '.join(losses)}")
