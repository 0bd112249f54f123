"""The hazards of DROP."""

from collections.abc import Iterator
from typing import Any

from pgfleet.hazards.codes import HazardCode as Code
from pgfleet.hazards.created import Created
from pgfleet.hazards.model import Hazard, Relation, hazards_on, relation_named
from pgfleet.parser import ast, enums

Kind = enums.ObjectType
CASCADE = enums.DropBehavior.DROP_CASCADE
OF_TABLES = frozenset({Kind.OBJECT_TRIGGER, Kind.OBJECT_RULE, Kind.OBJECT_POLICY})
"""Objects of a table: dropping one takes ACCESS EXCLUSIVE on the table."""
OF_COLUMNS = frozenset(
    {Kind.OBJECT_TYPE, Kind.OBJECT_DOMAIN, Kind.OBJECT_COLLATION, Kind.OBJECT_ACCESS_METHOD, Kind.OBJECT_EXTENSION}
    | {Kind.OBJECT_SCHEMA}
)
"""With CASCADE, dropping one drops the columns and tables that depend on it."""
WITHOUT_TABLES = frozenset(
    {"btree_gin", "btree_gist", "citext", "cube", "dblink", "earthdistance", "fuzzystrmatch", "hstore", "intarray"}
    | {"isn", "lo", "ltree", "pageinspect", "pg_buffercache", "pg_prewarm", "pg_stat_statements", "pg_trgm"}
    | {"pgcrypto", "pgrowlocks", "pgstattuple", "plpgsql", "seg", "tablefunc", "unaccent", "uuid-ossp", "vector"}
    | {"xml2"}
)
"""Extensions that own no table."""
USED = frozenset({Kind.OBJECT_VIEW, Kind.OBJECT_MATVIEW, Kind.OBJECT_FOREIGN_TABLE, Kind.OBJECT_FUNCTION})
USED |= {Kind.OBJECT_PROCEDURE, Kind.OBJECT_ROUTINE, Kind.OBJECT_SEQUENCE}
"""Objects that services name in their statements, and that hold no rows of their own."""


def of_drop(node: Any, created: Created) -> Iterator[Hazard]:
    """The hazards of one DROP, for each object that it names."""
    is_cascading = node.behavior == CASCADE
    for each in node.objects:
        yield from _of_object(node, each, created, is_cascading=is_cascading)
        if is_cascading:
            yield Hazard(code=Code.CASCADES, object=_name(each))


def _of_object(node: Any, dropped: Any, created: Created, *, is_cascading: bool) -> Iterator[Hazard]:
    kind, name = node.removeType, _name(dropped)
    if kind == Kind.OBJECT_TABLE:
        yield from _of_table(relation_named(dropped), created, is_cascading=is_cascading)
    elif kind in OF_TABLES:
        yield from hazards_on(relation_named(dropped[:-1]), Code.LOCK_ACCESS_EXCLUSIVE)
        if kind == Kind.OBJECT_POLICY:
            yield Hazard(code=Code.CHANGES_PRIVILEGES, object=name)
    elif kind == Kind.OBJECT_INDEX and not node.concurrent:
        relation = relation_named(dropped)
        if relation.name not in created.indexes:
            detail = "the table of the index"
            yield Hazard(code=Code.LOCK_ACCESS_EXCLUSIVE, object=name, detail=detail, relation=relation)
    elif kind == Kind.OBJECT_EXTENSION and not is_cascading and name not in WITHOUT_TABLES:
        yield Hazard(code=Code.DELETES_DATA, object=name, detail="drops the extension's tables, if it has any")
    elif kind in OF_COLUMNS and is_cascading:
        detail = "drops the columns and tables that depend on it"
        yield Hazard(code=Code.DELETES_DATA, object=name, detail=detail)
    elif kind in USED:
        yield Hazard(code=Code.BREAKS_CLIENTS, object=name)
        if kind == Kind.OBJECT_SEQUENCE:
            yield Hazard(code=Code.OVERWRITES_DATA, object=name, detail="its position is lost")


def _of_table(relation: Relation, created: Created, *, is_cascading: bool) -> Iterator[Hazard]:
    """Of DROP TABLE; with CASCADE also of a new table, because others may have become its children."""
    if is_cascading or not created.is_surely_new(relation):
        yield from hazards_on(relation, Code.DELETES_DATA, detail="drops the table with its rows")
    yield from hazards_on(relation, Code.LOCK_ACCESS_EXCLUSIVE, Code.BREAKS_CLIENTS)


def _name(dropped: Any) -> str:
    """The object's name as the statement writes it."""
    if isinstance(dropped, tuple):
        return ".".join(str(each.sval) for each in dropped if isinstance(each, ast.String))
    if isinstance(dropped, ast.ObjectWithArgs):
        return ".".join(each.sval for each in dropped.objname)
    if isinstance(dropped, ast.TypeName):
        return ".".join(each.sval for each in dropped.names)
    return str(getattr(dropped, "sval", dropped))
