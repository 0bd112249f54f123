"""Which tables are partitions in a database."""

from collections.abc import Collection

from pgfleet.catalog.partitions import Place
from pgfleet.postgres.query import Query
from pgfleet.postgres.session import Session
from pgfleet.run.shipped import statement


def read_partitions(session: Session, tables: Collection[Place] | None = None) -> frozenset[Place]:
    """All tables that are partitions, or those of `tables`. Raises a DatabaseError."""
    names = None if tables is None else sorted({name for _, name in tables})
    [rows] = session.fetch(Query(statement("introspection/partitions"), {"home": session.home, "names": names}))
    found = frozenset((schema, name) for schema, name in rows)
    return found if tables is None else found & frozenset(tables)
