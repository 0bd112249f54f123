"""Objects that the tenants of one database share: those outside their home schemas."""

import re

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import Identity, ObjectKind
from pgfleet.manifest.model import Migration, Seed

DATABASE_WIDE = frozenset({ObjectKind.SCHEMA, ObjectKind.EXTENSION})
"""Kinds whose names are unique in the database, not per schema."""
CREATE_EXTENSION = re.compile(r"\bcreate\s+extension\b", re.IGNORECASE)


def is_shared(identity: Identity) -> bool:
    """Whether all tenants of a database share this object."""
    return identity.schema is not None or identity.kind in DATABASE_WIDE


def may_write_shared(part: Migration | Seed, expected: ExpectedCatalog) -> bool:
    """Whether the migration or seed may write to objects that the tenants of one database share.

    True if the replay shows that it creates or changes a shared object, or if its script contains the name of a schema
    that the manifest names: written rows do not show in a catalog. A false positive, such as a comment, costs only a
    needless wait for another tenant.
    """
    sql = part.script.sql
    named = any(schema in sql for schema in _schemas(expected))
    return named or bool(CREATE_EXTENSION.search(sql)) or _creates_shared(part, expected)


def _creates_shared(part: Migration | Seed, expected: ExpectedCatalog) -> bool:
    if isinstance(part, Seed):
        return "." in part.table
    shared = (each for each in expected.provenances if is_shared(each.object.identity))
    return any(step.version == part.version for each in shared for step in each.steps)


def _schemas(expected: ExpectedCatalog) -> set[str]:
    identities = [each.object.identity for each in expected.provenances]
    named = {each.name for each in identities if each.kind is ObjectKind.SCHEMA}
    return named | {each.schema for each in identities if each.schema is not None}
