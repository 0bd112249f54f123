"""The extensions that a manifest's scripts create, which all tenants of a database share."""

import re
from collections.abc import Iterable

from pgfleet.manifest.model import Migration

CREATED = re.compile(r'\bcreate\s+extension\s+(?:if\s+not\s+exists\s+)?("(?:[^"]|"")+"|\w+)', re.IGNORECASE)
"""Matches text, because a parser does not see into a DO block. A match in a comment does no harm."""


PINNED = re.compile(
    r'\b(?:create|alter)\s+extension\s+(?:if\s+not\s+exists\s+)?("(?:[^"]|"")+"|\w+)[^;]*?\b(?:version|update)\b',
    re.IGNORECASE,
)
"""A script that says which version it wants."""


def extensions_of(migrations: Iterable[Migration]) -> tuple[str, ...]:
    """The names of the extensions, normalized as in the catalog and sorted."""
    found = (each for migration in migrations for each in CREATED.findall(migration.script.sql))
    return tuple(sorted({_name(each) for each in found}))


def pinned_extensions(migrations: Iterable[Migration]) -> frozenset[str]:
    """The names of the extensions whose version the scripts say."""
    return frozenset(_name(each) for migration in migrations for each in PINNED.findall(migration.script.sql))


def _name(written: str) -> str:
    return written[1:-1].replace('""', '"') if written.startswith('"') else written.lower()
