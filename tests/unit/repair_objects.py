"""Literals for repairs: objects of every kind with all of their attributes, and statements as one line each."""

from collections.abc import Iterable
from typing import Any

from unit.literals import an_expected_catalog

from pgfleet.catalog.differences import Change, Difference
from pgfleet.catalog.objects import CatalogObject, Identity, ObjectKind
from pgfleet.catalog.repair_facts import NO_FACTS, RepairFacts
from pgfleet.repair.generate.statements import generate_statements
from pgfleet.repair.model import Statement

ODD = 'Odd "S.x'
"""The name of a schema."""


def an_object(
    kind: ObjectKind,
    name: str,
    definition: str,
    attributes: dict[str, Any],
    *,
    schema: str | None = None,
    parent: str | None = None,
) -> CatalogObject:
    identity = Identity(kind=kind, schema=schema, name=name)
    return CatalogObject(identity=identity, parent=parent, attributes=attributes, definition=definition)


def a_table(name: str = "t", *, schema: str | None = None, **attributes: Any) -> CatalogObject:
    plain = {
        "form": "ordinary",
        "partition_key": None,
        "unlogged": False,
        "row_security": False,
        "row_security_forced": False,
        "inherits": None,
        "of_type": None,
        "server": None,
        "rules": None,
    }
    return an_object(ObjectKind.TABLE, name, f"CREATE TABLE {name}", {**plain, **attributes}, schema=schema)


def a_column(
    name: str = "t.c", definition: str = "text", *, table: str = "t", schema: str | None = None, **attributes: Any
) -> CatalogObject:
    """By its qualified name, as the introspection writes it."""
    plain = {"type": "text", "collation": None, "not_null": False, "identity": "", "generated": "", "default": None}
    return an_object(ObjectKind.COLUMN, name, definition, {**plain, **attributes}, schema=schema, parent=table)


def a_constraint(definition: str, name: str = "t.k", *, schema: str | None = None, **attributes: Any) -> CatalogObject:
    found = {"definition": definition, "validated": True, "fires": True, **attributes}
    return an_object(ObjectKind.CONSTRAINT, name, definition, found, schema=schema, parent="t")


def an_index(definition: str, name: str = "i", *, schema: str | None = None, **attributes: Any) -> CatalogObject:
    found = {"definition": definition, "valid": True, "ready": True, **attributes}
    return an_object(ObjectKind.INDEX, name, definition, found, schema=schema, parent="t")


def a_sequence(
    name: str = "t_c_seq", *, schema: str | None = None, table: str | None = "t", **attributes: Any
) -> CatalogObject:
    plain = {
        "type": "bigint",
        "start": 1,
        "increment": 1,
        "minimum": 1,
        "maximum": 99,
        "cache": 1,
        "cycle": False,
        "owned_by": f"{table}.c" if table else None,
        "unlogged": False,
    }
    found = {**plain, **attributes}
    return an_object(ObjectKind.SEQUENCE, name, f"CREATE SEQUENCE {name}", found, schema=schema, parent=table)


def a_type(form: str, *, name: str = "y", schema: str | None = None, **attributes: Any) -> CatalogObject:
    return an_object(ObjectKind.TYPE, name, f"CREATE TYPE {name}", {"form": form, **attributes}, schema=schema)


def a_domain(**attributes: Any) -> CatalogObject:
    plain = {"base": "text", "not_null": False, "default": None, "constraints": {}}
    return a_type("domain", **{**plain, **attributes})


def a_view(
    query: str = " SELECT a\n   FROM t",
    *,
    name: str = "v",
    schema: str | None = None,
    columns: Iterable[str] = ("a integer",),
    defaults: Iterable[str] = (),
    materialized: bool = False,
    rules: Iterable[str] = (),
) -> CatalogObject:
    """Defined as the introspection does it: the query, the defaults, the rules."""
    create = "CREATE MATERIALIZED VIEW" if materialized else "CREATE VIEW"
    definition = ";\n".join((f"{create} {name} AS\n{query}", *defaults, *rules))
    attributes = {
        "materialized": materialized,
        "query": query,
        "columns": [*columns],
        "options": None,
        "rules": [*rules] or None,
    }
    return an_object(ObjectKind.VIEW, name, definition, attributes, schema=schema)


def a_function(name: str = "f(integer)", body: str = "1", **attributes: Any) -> CatalogObject:
    plain = {"kind": "f", "arguments": "a integer", "returns": "integer", "body": body}
    definition = f"CREATE OR REPLACE FUNCTION {name} AS {body}"
    return an_object(ObjectKind.FUNCTION, name, definition, {**plain, **attributes})


def a_trigger(definition: str = "CREATE TRIGGER g", name: str = "t.g", *, enabled: str = "O") -> CatalogObject:
    attributes = {"definition": definition, "enabled": enabled}
    return an_object(ObjectKind.TRIGGER, name, definition, attributes, parent="t")


def a_policy(definition: str = "CREATE POLICY p ON t", name: str = "t.p") -> CatalogObject:
    return an_object(ObjectKind.POLICY, name, definition, {"using": definition}, parent="t")


def a_privilege(definition: str, *, parent: str | None = "t", grantable: bool = False, on: str = "t") -> CatalogObject:
    attributes = {"object": on, "grantee": "app", "grantable": grantable}
    return an_object(ObjectKind.PRIVILEGE, "t SELECT TO app", definition, attributes, parent=parent)


def an_extension(version: str, name: str = "x") -> CatalogObject:
    return an_object(ObjectKind.EXTENSION, name, f"CREATE EXTENSION {name}", {"version": version})


def missing(wanted: CatalogObject, *, version: str = "1") -> Difference:
    return Difference(version=version, change=Change.MISSING, expected=wanted, actual=None, untouched=True)


def changed(wanted: CatalogObject, found: CatalogObject, *, version: str = "1", untouched: bool = False) -> Difference:
    return Difference(version=version, change=Change.CHANGED, expected=wanted, actual=found, untouched=untouched)


def told(statements: Iterable[Statement]) -> list[str]:
    """`late: ALTER … -- LOCK, REWRITES`, the hazards by their names in the code."""
    return [
        f"{'late: ' if each.is_late else ''}{each.text}"
        f"{' -- ' if each.hazards else ''}{', '.join(hazard.name for hazard in each.hazards)}"
        for each in statements
    ]


def made(difference: Difference, *others: CatalogObject, facts: RepairFacts = NO_FACTS) -> list[str]:
    """Where these others are expected too."""
    expected = an_expected_catalog((difference.version, [difference.expected, *others]))
    return told(generate_statements(difference, expected, facts))
