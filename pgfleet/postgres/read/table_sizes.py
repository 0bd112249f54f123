"""Reads the sizes of tables, from the planner's figures."""

from collections.abc import Sequence

from pgfleet.documents.plan import TableSize
from pgfleet.hazards.model import Relation
from pgfleet.postgres.query import Query
from pgfleet.postgres.session import Session
from pgfleet.run.shipped import statement


def read_sizes(session: Session, relations: Sequence[Relation]) -> tuple[TableSize, ...]:
    """The sizes of the relations that exist; names without a schema are the home schema's. Raises a DatabaseError."""
    names = {
        "schemas": [each.schema or session.home for each in relations],
        "names": [each.name for each in relations],
    }
    [rows] = session.fetch(Query(statement("introspection/table_sizes"), names))
    return tuple(TableSize(table=str(relations[place - 1]), rows=count, bytes=size) for place, count, size in rows)
