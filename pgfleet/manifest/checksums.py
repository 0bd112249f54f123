"""Checksums of scripts and manifests (docs/manifest-format.md, "Checksums")."""

import hashlib
import json
from collections.abc import Iterable

from pgfleet.manifest.model import Contract, Count, Migration, Seed


def canonical_text(text: str) -> str:
    """A script's text as it is hashed: without a BOM, with LF line ends and exactly one at the end."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"


def script_checksum(text: str) -> str:
    """Hexadecimal SHA-256 of a script's canonical text in UTF-8."""
    return _digest(canonical_text(text))


def manifest_checksum(
    migrations: Iterable[Migration],
    seeds: Iterable[Seed],
    counts: Iterable[Count],
    equivalent_defaults: Iterable[Iterable[str]],
    contracts: Iterable[Contract] = (),
) -> str:
    """SHA-256 of everything that affects an audit's outcome, without prose (`provides`, `without`)."""
    facts = {
        "migrations": [_migration_facts(migration) for migration in migrations],
        "seeds": [[s.name, s.script.checksum, s.requires, s.table, s.key, s.ignores] for s in seeds],
        "counts": [[count.table, count.may_shrink] for count in counts],
        "equivalent_defaults": [list(group) for group in equivalent_defaults],
        "contracts": [[each.consumer, each.script.checksum, each.priority] for each in contracts],
    }
    return _digest(json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


def _migration_facts(migration: Migration) -> list[object]:
    checks = [[check.name, check.query, check.returns] for check in migration.checks]
    return [
        migration.version,
        migration.script.checksum,
        migration.priority,
        migration.requires,
        migration.transactional,
        checks,
    ]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
