"""Was a seed imported, and were its rows edited?"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pgfleet.documents.audit import SeedEntry, SeedStatus
from pgfleet.judge.observations import SeedObservation
from pgfleet.manifest.model import Seed

Row = Mapping[str, Any]


def judge_seed(seed: Seed, baseline: Iterable[Row], reading: SeedObservation) -> SeedEntry:
    """Missing if a baseline row is missing; customized if a row differs in a column that both sides have."""
    if reading.fault:
        return SeedEntry(name=seed.name, status=SeedStatus.UNKNOWN, detail=reading.fault)
    if reading.absent:
        return SeedEntry(name=seed.name, status=SeedStatus.MISSING, detail=reading.absent)
    found = {seed_key(seed, row): row for row in reading.rows}
    wanted = {seed_key(seed, row): row for row in baseline}
    if missing := sorted(wanted.keys() - found.keys()):
        extent = "never imported" if len(missing) == len(wanted) else "missing"
        return SeedEntry(name=seed.name, status=SeedStatus.MISSING, detail=f"{extent}: {_named(missing)}")
    if edited := sorted(key for key, row in wanted.items() if _edited(seed, row, found[key])):
        return SeedEntry(name=seed.name, status=SeedStatus.CUSTOMIZED, detail=f"edited: {_named(edited)}")
    return SeedEntry(name=seed.name, status=SeedStatus.PRESENT)


def seed_key(seed: Seed, row: Row) -> tuple[str, ...]:
    """The key values of a row, formatted as in its JSON (sql/introspection/seed_rows.sql)."""
    return tuple(_as_json_text(row[column]) for column in seed.key)


def _as_json_text(value: object) -> str:
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)


def _edited(seed: Seed, wanted: Row, found: Row) -> bool:
    shared = (wanted.keys() & found.keys()) - set(seed.ignores)
    return any(wanted[column] != found[column] for column in shared)


def _named(keys: Iterable[tuple[str, ...]]) -> str:
    return ", ".join("/".join(key) for key in keys)
