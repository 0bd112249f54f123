"""The catalog stamp of a tenant: a digest of everything that its inspection reads from catalogs."""

import hashlib
import json
from datetime import UTC, datetime
from functools import cache, lru_cache

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.scope import Scope
from pgfleet.documents.audit import StampEntry
from pgfleet.postgres.query import Query, Rows
from pgfleet.postgres.read.introspection import introspection_checksum
from pgfleet.postgres.session import Session
from pgfleet.run.context import RunContext
from pgfleet.run.shipped import statement
from pgfleet.version import VERSION

LEDGER_SCHEMA = "pgfleet"
LEDGER_TABLES = ("ledger", "ledger_events", "ledger_format", "ledger_statements")


def stamp_query(session: Session, expected: ExpectedCatalog) -> Query:
    """The query whose rows `read_stamp` needs. Send it before the queries of the inspection, never after them."""
    return _stamp_query(expected.scope, session.home)


def unchanged_queries(session: Session, expected: ExpectedCatalog, known: StampEntry) -> tuple[Query, Query]:
    """Queries that return a row each if the catalog has the `known` stamp; the second one fails if it has another."""
    value = Query("SELECT pg_catalog.set_config('pgfleet.known_stamp', %(stamp)s, true)", {"stamp": known.digest})
    return value, _unchanged_query(expected.scope, session.home)


def read_stamp(session: Session, context: RunContext, expected: ExpectedCatalog, rows: Rows) -> StampEntry:
    """The stamp in the rows of a `stamp_query`, of a catalog that is read now."""
    [(digest, has_ledger)] = rows
    inputs = stamp_inputs(session, context, expected)
    return StampEntry(digest=digest, inputs=inputs, read_at=datetime.now(UTC), has_ledger=has_ledger)


def stamp_inputs(session: Session, context: RunContext, expected: ExpectedCatalog) -> str:
    """Identifies what an inspection depends on besides the tenant; stamps compare only if this is the same."""
    owners = sorted(session.ledger_owners)
    inputs = [_checksum(), context.manifest.checksum, session.home, owners, sorted(expected.known_fingerprints)]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:16]


@cache
def _checksum() -> str:
    """Of the program: how it reads and judges."""
    text = statement("introspection/stamp") + statement("ledger/exists")
    return hashlib.sha256(f"{VERSION} {introspection_checksum()} {text}".encode()).hexdigest()


@lru_cache(maxsize=64)
def _stamp_query(scope: Scope, home: str) -> Query:
    return Query(statement("introspection/stamp"), _parameters(scope, home))


@lru_cache(maxsize=64)
def _unchanged_query(scope: Scope, home: str) -> Query:
    """Fails with a division by zero, so that the server runs nothing of what follows."""
    text = (
        "SELECT 1 / (found.stamp = pg_catalog.current_setting('pgfleet.known_stamp'))::int AS is_unchanged\n"
        f"FROM (\n{statement('introspection/stamp')}\n) AS found"
    )
    return Query(text, _parameters(scope, home))


def _parameters(scope: Scope, home: str) -> dict[str, list[str]]:
    relations = [(schema or home, name) for schema, name in scope.relations]
    relations += [(LEDGER_SCHEMA, name) for name in LEDGER_TABLES]
    return {
        "schemas": [*scope.schemas],
        "other_schemas": sorted({home, LEDGER_SCHEMA, *(schema for schema, _ in relations)}),
        "relation_schemas": [schema for schema, _ in relations],
        "relation_names": [name for _, name in relations],
        "function_schemas": [schema or home for schema, _ in scope.functions],
        "function_names": [name for _, name in scope.functions],
        "type_schemas": [schema or home for schema, _ in scope.types],
        "type_names": [name for _, name in scope.types],
    }
