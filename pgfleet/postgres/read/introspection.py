"""Reads a catalog in one round trip, with one statement composed of the files in sql/introspection/."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

from pgfleet.catalog.objects import Catalog, CatalogObject, ObjectKind, read_object, read_occupied_name
from pgfleet.catalog.scope import EVERYTHING, Scope
from pgfleet.errors import PrivilegeMissing, StatementFailed
from pgfleet.postgres.query import Query, Rows
from pgfleet.postgres.session import Session
from pgfleet.run.shipped import statement

SCOPES = ("scope", "scope_function", "scope_type", "scope_schema")
"""Queries that select what is read; the queries of the object kinds build on them."""
ALL_KINDS = tuple(ObjectKind)
MOST_UNEXPECTED = 1000
"""Objects that a tenant sends of those that the manifest does not contain; of the others, their number."""
MOST_CHARACTERS, MOST_CHARACTERS_UNEXPECTED = 262_144, 8_192
"""Of an object's definition. Of a longer one, a tenant sends the beginning and the digest."""
ALSO_THERE = 4
"""The column's position in the row."""


def read_catalog(session: Session, scope: Scope, equivalents: Mapping[str, str]) -> Catalog:
    """The database's objects within `scope`. Raises a DatabaseError."""
    [[row]] = session.fetch(catalog_query(scope, home=session.home, equivalents=equivalents))
    return complete_catalog(session, scope, equivalents, row)


def complete_catalog(
    session: Session, scope: Scope, equivalents: Mapping[str, str], row: Sequence[Any], holders: Rows | None = None
) -> Catalog:
    """The catalog in a row of `catalog_query`, with what is read only if needed, in a round trip each:

    That is what is there of kinds that the manifest has nothing of; and, where a relation of it is missing, who holds
    the names of those, unless the rows of the `holders_query` are given. Raises a DatabaseError.
    """
    catalog, also_there = read_catalog_row(row, session), tuple(map(ObjectKind, row[ALSO_THERE]))
    if also_there:
        [[further]] = session.fetch(catalog_query(scope, home=session.home, equivalents=equivalents, kinds=also_there))
        also = read_catalog_row(further, session)
        unexpected = sorted((*catalog.unexpected, *also.unexpected), key=lambda each: each.identity.key)
        left_out = catalog.unexpected_left_out + also.unexpected_left_out
        catalog = replace(catalog, unexpected=tuple(unexpected), unexpected_left_out=left_out)
    if lacks_relations(catalog, scope):
        [rows] = [holders] if holders is not None else session.fetch(holders_query(session, scope))
        catalog = replace(catalog, occupied_names=tuple(read_occupied_name(each) for (each,) in rows))
    return catalog


def lacks_relations(catalog: Catalog, scope: Scope) -> bool:
    """Whether a relation of the manifest is missing."""
    return catalog.managed is not None and bool({*scope.names} - {each.relation_name for each in catalog.managed})


def holders_query(session: Session, scope: Scope) -> Query:
    """The query for the objects that have names which the manifest's relations need."""
    parameters = {
        "home": session.home,
        "name_schemas": [schema or session.home for schema, _ in scope.names],
        "names": [name for _, name in scope.names],
    }
    return Query(statement("introspection/holders"), parameters)


def catalog_query(
    scope: Scope,
    *,
    home: str,
    equivalents: Mapping[str, str],
    fingerprints: Collection[str] = (),
    kinds: tuple[ObjectKind, ...] | None = None,
) -> Query:
    """The query that reads a catalog; its objects are omitted where its fingerprint is one of those given.

    `equivalents` maps a column default to the one that stands for it. Fewer `kinds` than those
    of the scope take the server less time to plan. The same for every tenant that is to be read alike.
    """
    return _catalog_query(scope, home, tuple(sorted(equivalents.items())), tuple(fingerprints), kinds)


@lru_cache(maxsize=64)  # one text per home schema of a wave would be megabytes
def _catalog_query(
    scope: Scope,
    home: str,
    equivalents: tuple[tuple[str, str], ...],
    fingerprints: tuple[str, ...],
    kinds: tuple[ObjectKind, ...] | None,
) -> Query:
    parameters = _parameters(scope, home, equivalents, fingerprints, kinds)
    return Query(_statement(scope.kinds if kinds is None else kinds), parameters, is_repeated=kinds is None)


def _parameters(
    scope: Scope,
    home: str,
    equivalents: tuple[tuple[str, str], ...],
    fingerprints: tuple[str, ...],
    kinds: tuple[ObjectKind, ...] | None,
) -> dict[str, Any]:
    return {
        "home": home,
        "everything": scope.everything,
        "schemas": list(scope.schemas),
        "relation_schemas": [schema or home for schema, _ in scope.relations],
        "relation_names": [name for _, name in scope.relations],
        "function_schemas": [schema or home for schema, _ in scope.functions],
        "function_names": [name for _, name in scope.functions],
        "type_schemas": [schema or home for schema, _ in scope.types],
        "type_names": [name for _, name in scope.types],
        "extensions": list(scope.extensions),
        "grantees": list(scope.grantees),
        "managed": list(scope.managed),
        "equivalent_defaults": json.dumps(dict(equivalents)),
        "fingerprints": list(fingerprints),
        "seldom": list(scope.rare_kinds) if kinds is None else [],
        "most_unexpected": MOST_UNEXPECTED,
        "most_characters": MOST_CHARACTERS,
        "most_characters_unexpected": MOST_CHARACTERS_UNEXPECTED,
    }


def read_catalog_row(row: Sequence[Any], session: Session) -> Catalog:
    """The row that `catalog_query` returns, as a value.

    Raises StatementFailed if the home schema does not exist, unless the manifest creates it, and PrivilegeMissing if
    the role may not use it: the server would then qualify names differently, and nothing could be compared.
    """
    fingerprint, managed, unexpected, unreadable, _also_there, home_is_usable, other_tables, left_out = row
    if home_is_usable is None and not session.home_may_be_missing:
        raise StatementFailed(
            f"schema {session.home} does not exist; create it (CREATE SCHEMA), or correct the tenant's schema in the"
            " fleet file",
            "3F000",
        )
    if home_is_usable is False:
        raise PrivilegeMissing(f"the role has no USAGE on schema {session.home}; grant it")
    return Catalog(
        fingerprint=fingerprint,
        managed=None if managed is None else tuple(map(read_object, managed)),
        unexpected=tuple(map(read_object, unexpected)),
        unreadable=tuple(unreadable),
        other_tables=other_tables,
        unexpected_left_out=left_out,
    )


class CatalogReader:
    """Reads everything in a session's database again and again; the server sends only what has changed."""

    def __init__(self, session: Session, equivalents: Mapping[str, str]) -> None:
        self.session = session
        values = _parameters(EVERYTHING, session.home, tuple(sorted(equivalents.items())), (), ALL_KINDS)
        self._query = Query(_statement(summary="summary_of_changes"), values)
        self._states: dict[int, CatalogObject] = {}

    def read(self) -> tuple[CatalogObject, ...]:
        """All objects as they are now. Raises a DatabaseError."""
        parameters = {**(self._query.parameters or {}), "known": list(self._states)}
        [[(added, gone)]] = self.session.fetch(Query(self._query.text, parameters))
        for key in gone:
            del self._states[key]
        self._states |= {each["key"]: read_object(each) for each in added}
        return tuple(self._states.values())


def introspection_checksum() -> str:
    """Identifies how catalogs are read; catalogs compare only if this is the same."""
    return hashlib.sha256(_statement().encode()).hexdigest()


@cache
def _statement(kinds: tuple[ObjectKind, ...] = ALL_KINDS, *, summary: str = "summary") -> str:
    scopes = ",\n".join(
        f"{name} AS MATERIALIZED (\n{statement(f'introspection/{name}')})" for name in ("home_path", *SCOPES)
    )
    objects = "\nUNION ALL\n".join(f"({statement(f'introspection/{kind}')})" for kind in kinds)
    return (
        f"WITH {scopes},\nobjects AS MATERIALIZED (\n{objects}\n),\n"
        f"lines AS MATERIALIZED (\n{statement('introspection/line')})\n{statement(f'introspection/{summary}')}"
    )
