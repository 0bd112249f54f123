"""Objects that are not the manifest's and depend on it: a script with CASCADE would drop them too."""

from collections.abc import Collection

from pgfleet.catalog.objects import ObjectKind
from pgfleet.errors import RevertNotProven
from pgfleet.postgres.query import Query
from pgfleet.postgres.read.inspection import TenantInspection
from pgfleet.postgres.session import Session
from pgfleet.run.shipped import statement

RELATIONS = frozenset({ObjectKind.TABLE, ObjectKind.VIEW})
Dependent = tuple[str, str, str]
"""A view or a foreign key: kind, schema, and name; that of a key begins with its table's."""


def read_dependents(session: Session, before: TenantInspection) -> frozenset[Dependent]:
    """The views and foreign keys that depend on the tenant's managed tables and views. Raises a DatabaseError."""
    managed = [(each.kind, each.schema or session.home, each.name) for each in before.assessment.found]
    relations = [(schema, name) for kind, schema, name in managed if kind in RELATIONS]
    parameters = {"schemas": [schema for schema, _ in relations], "names": [name for _, name in relations]}
    [rows] = session.fetch(Query(statement("introspection/dependents"), parameters))
    return frozenset(tuple(row) for row in rows) - {(str(kind), schema, name) for kind, schema, name in managed}


def check_dependents(session: Session, dependents: Collection[Dependent]) -> None:
    """Raises RevertNotProven if one of them does not exist any more, and a DatabaseError."""
    if not dependents:
        return
    kinds, schemas, names = (list(each) for each in zip(*sorted(dependents), strict=True))
    parameters = {"kinds": kinds, "schemas": schemas, "names": names}
    [rows] = session.fetch(Query(statement("introspection/dependents_that_exist"), parameters))
    if gone := sorted({*dependents} - {tuple(row) for row in rows}):
        kind, schema, name = gone[0]
        more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
        raise RevertNotProven(
            f"its down script drops {kind} {schema}.{name}{more}, which the manifest does not contain"
        )
