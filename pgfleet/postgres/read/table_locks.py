"""Locks the tables that queries read, before the snapshot is taken in which a tenant is read as a whole."""

from collections.abc import Iterable, Mapping

from psycopg.sql import Identifier

from pgfleet.catalog.objects import CatalogObject, Identity, ObjectKind
from pgfleet.manifest.catalog_queries import CATALOGS
from pgfleet.manifest.statement_names import path_of
from pgfleet.postgres.query import Query

SYSTEM = frozenset({"pg_catalog", "information_schema"})
LEDGER = "pgfleet"


def lock_of(queries: Iterable[Query], objects: Mapping[Identity, CatalogObject], home: str) -> str | None:
    """A statement that locks the tables of the queries against redefinition; empty if they read none.

    None if one of the names is not that of a table or view of the manifest (`objects`) or of the ledger, or if it
    cannot be locked: a foreign table or a materialized view (PostgreSQL manual, LOCK).
    """
    found = set[str]()
    for title in {title for each in queries for title in each.tables}:
        *schemas, name = path_of(title)
        schema = schemas[0] if schemas else None
        if schema in SYSTEM or (schema is None and name in CATALOGS):
            continue
        if schema != LEDGER and not _can_be_locked(None if schema == home else schema, name, objects):
            return None
        found.add(Identifier(schema or home, name).as_string())
    return f"LOCK TABLE {', '.join(sorted(found))} IN ACCESS SHARE MODE" if found else ""


def _can_be_locked(schema: str | None, name: str, objects: Mapping[Identity, CatalogObject]) -> bool:
    if table := objects.get(Identity(kind=ObjectKind.TABLE, schema=schema, name=name)):
        return table.attributes.get("form") != "foreign"
    view = objects.get(Identity(kind=ObjectKind.VIEW, schema=schema, name=name))
    return view is not None and not view.attributes.get("materialized")
