"""What the tenants of one database share: objects that lie outside of their home schemas."""

import re

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import Identity, ObjectKind
from pgfleet.manifest.model import Migration, Seed

DATABASE_WIDE = frozenset({ObjectKind.SCHEMA, ObjectKind.EXTENSION})
"""Kinds of which a database has one of each name, whatever the schema."""
CREATE_EXTENSION = re.compile(r"\bcreate\s+extension\b", re.IGNORECASE)


def is_shared(identity: Identity) -> bool:
    """Whether each tenant of a database has this same object, and none has one of its own."""
    return identity.schema is not None or identity.kind in DATABASE_WIDE


def may_write_shared(part: Migration | Seed, expected: ExpectedCatalog) -> bool:
    """Whether the migration or seed may write to what the tenants of one database share.

    It made or changed such an object in the replay, or its script names a schema that the manifest names itself: rows
    leave no trace in a catalog. A comment that names it is enough; that one waits for another tenant in vain at worst.
    """
    sql = part.script.sql
    named = any(schema in sql for schema in _schemas(expected))
    return named or bool(CREATE_EXTENSION.search(sql)) or _has_made_shared(part, expected)


def _has_made_shared(part: Migration | Seed, expected: ExpectedCatalog) -> bool:
    if isinstance(part, Seed):
        return "." in part.table
    shared = (each for each in expected.provenances if is_shared(each.object.identity))
    return any(step.version == part.version for each in shared for step in each.steps)


def _schemas(expected: ExpectedCatalog) -> set[str]:
    identities = [each.object.identity for each in expected.provenances]
    named = {each.name for each in identities if each.kind is ObjectKind.SCHEMA}
    return named | {each.schema for each in identities if each.schema is not None}
