"""Which tables are partitions in a database."""

from collections.abc import Collection, Sequence

from pgfleet.catalog.partitions import Place
from pgfleet.documents.plan import TableSize
from pgfleet.hazards.model import Relation
from pgfleet.postgres.query import Query
from pgfleet.postgres.session import Session
from pgfleet.run.shipped import statement


def read_partitions(session: Session, tables: Collection[Place] | None = None) -> frozenset[Place]:
    """All tables that are partitions, or those of `tables`. Raises a DatabaseError."""
    names = None if tables is None else sorted({name for _, name in tables})
    [rows] = session.fetch(Query(statement("introspection/partitions"), {"home": session.home, "names": names}))
    found = frozenset((schema, name) for schema, name in rows)
    return found if tables is None else found & frozenset(tables)


def read_sizes(session: Session, relations: Sequence[Relation]) -> tuple[TableSize, ...]:
    """The sizes of the relations that exist; names without a schema are the home schema's. Raises a DatabaseError."""
    names = {
        "schemas": [each.schema or session.home for each in relations],
        "names": [each.name for each in relations],
    }
    [rows] = session.fetch(Query(statement("introspection/table_sizes"), names))
    return tuple(TableSize(table=str(relations[place - 1]), rows=count, bytes=size) for place, count, size in rows)
