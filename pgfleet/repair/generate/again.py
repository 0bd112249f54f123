"""Statements that make an object with an expression again from its own definition, as a dump and restore would."""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from pgfleet.catalog.objects import CatalogObject, ObjectKind
from pgfleet.repair.generate import columns, constraints, functions, types, views
from pgfleet.repair.generate.tables import change_rules
from pgfleet.repair.model import Statement
from pgfleet.repair.names import part_of, relation, table_of, within

EXPRESSIONS: Mapping[ObjectKind, frozenset[str]] = MappingProxyType(
    {
        ObjectKind.TYPE: frozenset({"default", "constraints"}),
        ObjectKind.FUNCTION: frozenset({"arguments", "body"}),
        ObjectKind.TABLE: frozenset({"partition_key", "rules"}),
        ObjectKind.COLUMN: frozenset({"default"}),
        ObjectKind.CONSTRAINT: frozenset({"definition"}),
        ObjectKind.INDEX: frozenset({"definition"}),
        ObjectKind.VIEW: frozenset({"query", "columns", "rules"}),
        ObjectKind.TRIGGER: frozenset({"definition"}),
        ObjectKind.POLICY: frozenset({"using", "check"}),
    }
)
"""The attributes of each kind that contain expressions."""
NESTED = re.compile(r"\(.*\(| WHERE ", re.DOTALL)
PLAIN_CALL = re.compile(r"[\w.]+\(\)|nextval\('[^']+'::regclass\)")
STANDARD_BODY = ("BEGIN ATOMIC", "RETURN ")
ORIGINAL = "pgfleet_original"


def make_again(found: CatalogObject, server_major: int) -> Iterator[Statement]:
    """Statements that make the object again in its place; none if it contains no expression.

    A materialized view, and before PostgreSQL 17 a generated column, are dropped with everything that depends on them;
    a partitioned table makes room for an empty one.
    """
    make = MAKERS.get(found.identity.kind)
    if make:
        yield from make(found, server_major)


def is_made_alone(found: CatalogObject, server_major: int) -> bool:
    """Whether what depends on the object is lost when it is made again."""
    attributes = found.attributes
    if found.identity.kind is ObjectKind.TABLE:
        return _has_nested_key(found)
    if found.identity.kind is ObjectKind.COLUMN:
        return bool(attributes["generated"]) and server_major < columns.SET_EXPRESSION_SINCE
    return found.identity.kind is ObjectKind.VIEW and bool(attributes["materialized"])


def is_equal_otherwise(one: CatalogObject, other: CatalogObject) -> bool:
    """Whether at most the expressions of two objects of one identity differ."""
    names = {*one.attributes, *other.attributes} - EXPRESSIONS.get(one.identity.kind, frozenset())
    return all(one.attributes.get(each) == other.attributes.get(each) for each in names)


def _type(found: CatalogObject, _major: int) -> Iterator[Statement]:
    if found.attributes["form"] == "domain":
        bare = {**found.attributes, "default": None, "constraints": {}}
        for name in found.attributes["constraints"]:
            yield types.drop_domain_constraint(found, name)
        yield from types.change_domain(found, bare)


def _function(found: CatalogObject, _major: int) -> Iterator[Statement]:
    has_body = str(found.attributes["body"]).startswith(STANDARD_BODY)
    if has_body or " DEFAULT " in str(found.attributes["arguments"]):
        yield Statement(text=found.definition)


def _table(found: CatalogObject, _major: int) -> Iterator[Statement]:
    name, rules = relation(found.identity), found.attributes["rules"] or ()
    if _has_nested_key(found):
        created = f"CREATE TABLE {name}"
        yield Statement(text=f"ALTER TABLE {name} RENAME TO {ORIGINAL}")
        like = f"{created} (LIKE {within(found.identity.schema, ORIGINAL)})"
        yield Statement(text=found.definition.replace(created, like, 1))
    else:
        yield from change_rules(name, rules, ())


def _has_nested_key(found: CatalogObject) -> bool:
    return bool(NESTED.search(found.attributes["partition_key"] or ""))


def _column(found: CatalogObject, major: int) -> Iterator[Statement]:
    default, table, column = found.attributes["default"], table_of(found), part_of(found)
    if default is None:
        return
    if is_made_alone(found, major):
        yield Statement(text=f"ALTER TABLE {table} DROP COLUMN {column} CASCADE")
        yield Statement(text=f"ALTER TABLE {table} ADD COLUMN {column} {found.definition}")
    elif found.attributes["generated"]:
        yield Statement(text=f"ALTER TABLE {table} ALTER COLUMN {column} SET EXPRESSION AS ({default})")
    elif "(" in default and not PLAIN_CALL.fullmatch(default):
        yield Statement(text=f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {default}")


def _constraint(found: CatalogObject, _major: int) -> Iterator[Statement]:
    if str(found.attributes["definition"]).startswith(("CHECK", "EXCLUDE")):
        yield constraints.drop_constraint(found)
        yield from constraints.add_constraint(found)


def _index(found: CatalogObject, _major: int) -> Iterator[Statement]:
    if NESTED.search(str(found.attributes["definition"])):
        yield from constraints.change_index(found, found)


def _view(found: CatalogObject, _major: int) -> Iterator[Statement]:
    if found.attributes["materialized"]:
        yield Statement(text=f"DROP MATERIALIZED VIEW {relation(found.identity)} CASCADE")
        yield from views.add_view(found)
    else:
        yield from views.replace_view(found, found)
        yield from change_rules(relation(found.identity), found.attributes["rules"] or (), ())


def _trigger(found: CatalogObject, _major: int) -> Iterator[Statement]:
    if " WHEN (" in str(found.attributes["definition"]):
        yield functions.drop_trigger(found)
        yield from functions.add_trigger(found)


def _policy(found: CatalogObject, _major: int) -> Iterator[Statement]:
    yield from functions.change_policy(found)


Maker = Callable[[CatalogObject, int], Iterator[Statement]]
MAKERS: Mapping[ObjectKind, Maker] = MappingProxyType(
    {
        ObjectKind.TYPE: _type,
        ObjectKind.FUNCTION: _function,
        ObjectKind.TABLE: _table,
        ObjectKind.COLUMN: _column,
        ObjectKind.CONSTRAINT: _constraint,
        ObjectKind.INDEX: _index,
        ObjectKind.VIEW: _view,
        ObjectKind.TRIGGER: _trigger,
        ObjectKind.POLICY: _policy,
    }
)
