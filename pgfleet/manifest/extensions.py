"""The extensions that a manifest's scripts create: a database has one of each, in one schema for all its tenants."""

import re
from collections.abc import Iterable

from pgfleet.manifest.model import Migration

CREATED = re.compile(r'\bcreate\s+extension\s+(?:if\s+not\s+exists\s+)?("(?:[^"]|"")+"|\w+)', re.IGNORECASE)
"""Looked for in the text, for a DO block hides it from a parser. A name in a comment is of no consequence."""


def extensions_of(migrations: Iterable[Migration]) -> tuple[str, ...]:
    """Their names as the catalog has them, sorted."""
    found = (each for migration in migrations for each in CREATED.findall(migration.script.sql))
    return tuple(sorted({_name(each) for each in found}))


def _name(written: str) -> str:
    return written[1:-1].replace('""', '"') if written.startswith('"') else written.lower()
