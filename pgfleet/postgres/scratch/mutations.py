"""Statements that drop or alter one object of a scratch database, to try whether a rerun restores it.

Keyed by the kind's name; a kind without an entry cannot be mutated that way.
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from psycopg import sql

from pgfleet.catalog.objects import CatalogObject
from pgfleet.repair.names import own_name

DROPS: Mapping[str, str] = MappingProxyType(
    {
        "schema": "DROP SCHEMA IF EXISTS {name} CASCADE",
        "extension": "DROP EXTENSION IF EXISTS {name} CASCADE",
        "type": "DROP TYPE IF EXISTS {path} CASCADE",
        "function": "DROP ROUTINE IF EXISTS {path} CASCADE",
        "sequence": "DROP SEQUENCE IF EXISTS {path} CASCADE",
        "table": "DROP TABLE IF EXISTS {path} CASCADE",
        "foreign table": "DROP FOREIGN TABLE IF EXISTS {path} CASCADE",
        "column": "ALTER TABLE {parent} DROP COLUMN IF EXISTS {own} CASCADE",
        "constraint": "ALTER TABLE {parent} DROP CONSTRAINT IF EXISTS {own} CASCADE",
        "index": "DROP INDEX IF EXISTS {path} CASCADE",
        "view": "DROP VIEW IF EXISTS {path} CASCADE",
        "materialized view": "DROP MATERIALIZED VIEW IF EXISTS {path} CASCADE",
        "trigger": "DROP TRIGGER IF EXISTS {own} ON {parent} CASCADE",
        "policy": "DROP POLICY IF EXISTS {own} ON {parent}",
    }
)
REPLACED_CONSTRAINT = """
ALTER TABLE {parent} DROP CONSTRAINT {own} CASCADE;
ALTER TABLE {parent} ADD CONSTRAINT {own} CHECK (true)
"""
ALTERATIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "function": ("ALTER ROUTINE {path} SET pgfleet.altered = 'x'",),
        "sequence": ("ALTER SEQUENCE {path} INCREMENT 7",),
        "column": (
            "ALTER TABLE {parent} ALTER COLUMN {own} DROP DEFAULT",
            "ALTER TABLE {parent} ALTER COLUMN {own} {nullability} NOT NULL",
            "ALTER TABLE {parent} ALTER COLUMN {own} TYPE {type} USING {own}::text",
        ),
        "constraint": (REPLACED_CONSTRAINT,),
        "index": ("ALTER INDEX {path} SET (fillfactor = 70)",),
        "view": ("ALTER VIEW {path} SET (security_barrier = {barrier})",),
        "trigger": ("ALTER TABLE {parent} DISABLE TRIGGER {own}",),
        "policy": ("ALTER POLICY {own} ON {parent} USING (1 = 0)",),
    }
)
"""All alterations of an object that the server accepts are made together, so a rerun must undo all of them."""


def drop_statement(found: CatalogObject, home: str) -> str | None:
    """The statement that drops the object and its dependents; None if its kind has none."""
    if found.identity.kind.value == "privilege":
        return _opposite(found.definition)
    template = DROPS.get(_noun(found))
    return _filled(template, found, home) if template else None


def drop_script(objects: Iterable[CatalogObject], home: str) -> str:
    """A script that drops all of these objects, except those whose kind has no statement."""
    return ";\n".join(filter(None, (drop_statement(each, home) for each in objects)))


def alter_scripts(found: CatalogObject, home: str) -> tuple[str, ...]:
    """Scripts that alter the object, to be tried one by one; empty if its kind has none."""
    return tuple(_filled(template, found, home) for template in ALTERATIONS.get(_noun(found), ()))


def _noun(found: CatalogObject) -> str:
    kind = found.identity.kind.value
    if found.attributes.get("form") == "foreign":
        return f"foreign {kind}"
    return f"materialized {kind}" if found.attributes.get("materialized") else kind


def _filled(template: str, found: CatalogObject, home: str) -> str:
    schema, name = found.identity.schema or home, found.identity.name
    bare, bracket, arguments = name.partition("(") if _noun(found) == "function" else (name, "", "")
    return (
        sql.SQL(template)
        .format(
            name=sql.Identifier(name),
            path=sql.Composed([sql.Identifier(schema, bare), sql.SQL(bracket + arguments)]),
            parent=sql.Identifier(schema, found.parent or ""),
            own=sql.Identifier(own_name(found)),
            nullability=sql.SQL("DROP" if found.attributes.get("not_null") else "SET"),
            barrier=sql.SQL("false" if "security_barrier=true" in (found.attributes.get("options") or ()) else "true"),
            type=sql.SQL("varchar(2000)" if found.attributes.get("type") == "text" else "text"),
        )
        .as_string()
    )


def _opposite(definition: str) -> str | None:
    """The opposite of `GRANT … TO …` or `REVOKE … FROM …`."""
    granted = re.fullmatch(r"GRANT (.*) TO (.*?)(?: WITH GRANT OPTION)?", definition, re.DOTALL)
    if granted:
        return f"REVOKE {granted[1]} FROM {granted[2]}"
    revoked = re.fullmatch(r"REVOKE (.*) FROM (.*)", definition, re.DOTALL)
    return f"GRANT {revoked[1]} TO {revoked[2]}" if revoked else None
