"""Checksums of scripts and manifests (docs/manifest-format.md, "Checksums", summarizes them)."""

import hashlib
import json
from collections.abc import Iterable

from pgfleet.manifest.model import Contract, Count, Migration, Seed, ToolLedger
from pgfleet.manifest.text import normalize


def canonical_text(text: str) -> str:
    """A script's text as it is hashed: without a BOM, with LF line ends and exactly one at the end."""
    return normalize(text).rstrip("\n") + "\n"


def script_checksum(text: str) -> str:
    """Hexadecimal SHA-256 of a script's canonical text in UTF-8."""
    return _digest(canonical_text(text))


def manifest_checksum(
    migrations: Iterable[Migration],
    seeds: Iterable[Seed],
    counts: Iterable[Count],
    equivalent_defaults: Iterable[Iterable[str]],
    contracts: Iterable[Contract] = (),
    ledger: ToolLedger | None = None,
) -> str:
    """SHA-256 of everything that affects an audit's outcome, without prose (`provides`, `without`)."""
    facts: dict[str, object] = {
        "migrations": [_migration_facts(migration) for migration in migrations],
        "seeds": [[s.name, s.script.checksum, s.requires, s.table, s.key, s.ignores] for s in seeds],
        "counts": [[count.table, count.may_shrink] for count in counts],
        "equivalent_defaults": [list(group) for group in equivalent_defaults],
        "contracts": [[each.consumer, each.script.checksum, each.priority] for each in contracts],
    }
    if ledger:
        facts["ledger"] = [ledger.tool, ledger.table]
    return _digest(json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


def downs_checksum(migrations: Iterable[Migration]) -> str:
    """SHA-256 of the migrations' down scripts, which affect the proof of a manifest and no audit."""
    return _digest(json.dumps([each.down.script.checksum if each.down else None for each in migrations]))


def _migration_facts(migration: Migration) -> list[object]:
    script = migration.script
    checks = [[check.name, check.query, check.returns] for check in migration.checks]
    facts: list[object] = [
        migration.version,
        script.checksum,
        migration.priority,
        migration.requires,
        migration.transactional,
        checks,
    ]
    if canonical_text(script.sql) != canonical_text(script.text):
        facts.append(script_checksum(script.sql))
    if migration.repeatable:
        facts.append("repeatable")
    return facts


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
