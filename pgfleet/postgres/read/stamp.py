"""The stamp of a tenant's catalog: a digest of everything that its inspection reads from catalogs."""

import hashlib
import json
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.scope import Scope
from pgfleet.documents.audit import StampEntry, StampScope
from pgfleet.manifest.home_schema import DEFAULT
from pgfleet.postgres.query import Query, Rows
from pgfleet.postgres.read.introspection import introspection_checksum
from pgfleet.postgres.session import Session
from pgfleet.run.context import RunContext
from pgfleet.run.shipped import statement
from pgfleet.version import VERSION

LEDGER_SCHEMA = "pgfleet"
LEDGER_TABLES = ("ledger", "ledger_events", "ledger_format", "ledger_statements")
MOST_BYTES = 1_500_000
"""Of pg_attribute, for a stamp of the entire database: those of some two hundred tables. For more, one of the objects
takes the server less time, even with the guard and the checks that it does not save.
"""


def stamp_scope(session: Session, context: RunContext) -> StampScope:
    """What the stamp of the session's tenant covers. Tenants with a schema of their own may share the database."""
    earlier = (context.earlier or {}).get(session.name)
    is_large = earlier is not None and earlier.stamp.scope is StampScope.OBJECTS
    return StampScope.OBJECTS if is_large or session.home != DEFAULT else StampScope.DATABASE


def stamp_query(session: Session, expected: ExpectedCatalog, scope: StampScope) -> Query:
    """The query whose rows `read_stamp` needs. Send it before the queries of the inspection, never after them."""
    return _stamp_query(scope, expected.scope, session.home)


def unchanged_queries(session: Session, expected: ExpectedCatalog, known: StampEntry) -> tuple[Query, Query]:
    """Queries that return a row each if the catalog has the `known` stamp; the second one fails if it has another."""
    value = Query("SELECT pg_catalog.set_config('pgfleet.known_stamp', %(stamp)s, true)", {"stamp": known.digest})
    return value, _unchanged_query(known.scope, expected.scope, session.home)


def read_stamp(
    session: Session, context: RunContext, expected: ExpectedCatalog, rows: Rows, *, has_ledger: bool
) -> StampEntry:
    """The stamp in the rows of a `stamp_query`, of a catalog that is read now."""
    [(digest,)] = rows
    return StampEntry(
        scope=stamp_scope(session, context) if digest else StampScope.OBJECTS,
        digest=digest or "",
        inputs=stamp_inputs(session, context, expected),
        read_at=datetime.now(UTC),
        has_ledger=has_ledger,
    )


def stamp_inputs(session: Session, context: RunContext, expected: ExpectedCatalog) -> str:
    """Identifies what an inspection depends on besides the tenant; stamps compare only if this is the same."""
    owners = sorted(session.ledger_owners)
    inputs = [_checksum(), context.manifest.checksum, session.home, owners, sorted(expected.known_fingerprints)]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:16]


@cache
def _checksum() -> str:
    """Of the program: how it reads and judges."""
    texts = [*map(_statement, StampScope), statement("introspection/guard"), statement("introspection/guard_closely")]
    text = "".join((*texts, statement("ledger/exists")))
    return hashlib.sha256(f"{VERSION} {introspection_checksum()} {text}".encode()).hexdigest()


def _statement(scope: StampScope) -> str:
    return statement(f"introspection/{scope}_stamp")


def _in_order(text: str) -> str:
    """The same without parallel plans, which read rows in any order."""
    return f"SET LOCAL max_parallel_workers_per_gather TO 0;\n{text}"


@lru_cache(maxsize=64)
def _stamp_query(stamped: StampScope, scope: Scope, home: str) -> Query:
    return Query(_in_order(_statement(stamped)), _parameters(stamped, scope, home))


@lru_cache(maxsize=64)
def _unchanged_query(stamped: StampScope, scope: Scope, home: str) -> Query:
    """Fails with a division by zero, so that the server runs nothing of what follows."""
    text = (
        "SELECT 1 / coalesce(found.stamp = pg_catalog.current_setting('pgfleet.known_stamp'), false)::int\n"
        f"FROM (\n{_statement(stamped)}\n) AS found"
    )
    return Query(_in_order(text), _parameters(stamped, scope, home))


def _parameters(stamped: StampScope, scope: Scope, home: str) -> dict[str, Any]:
    if stamped is StampScope.DATABASE:
        return {"most_bytes": MOST_BYTES}
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
