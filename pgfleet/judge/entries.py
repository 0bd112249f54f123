"""From what was observed of a check, a seed, or a contract to its entry in the audit document."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pgfleet.catalog.contracts import ContractObservation
from pgfleet.documents.findings import CheckEntry, ContractEntry, SeedEntry, SeedStatus, StatementFailureEntry
from pgfleet.judge.observations import QueryResult, SeedObservation
from pgfleet.manifest.model import Check, Contract, Seed
from pgfleet.wording import listed

Row = Mapping[str, Any]
UNREADABLE = "the role cannot read every managed table"


def judge_check(check: Check, answer: QueryResult, *, unreadable: Sequence[str] = ()) -> CheckEntry:
    """Passed if the query returned exactly the expected rows, in any order; None if the query could not be run.

    A failing check is also None if tables are `unreadable` to the role: information_schema shows only objects on which
    the role has a privilege, so the failure may have no other cause.
    """
    if answer.fault:
        return CheckEntry(name=check.name, passed=None, detail=answer.fault)
    if answer.absent:
        return CheckEntry(name=check.name, passed=False, detail=answer.absent)
    if answer.rows is check.returns:  # known to be the same
        return CheckEntry(name=check.name, passed=True)
    expected, found = _tally(check.returns), _tally(answer.rows)
    parts = [_part("missing", expected - found), _part("unexpected", found - expected)]
    detail = "; ".join(filter(None, parts))
    if detail and unreadable:
        return CheckEntry(name=check.name, passed=None, detail=UNREADABLE)
    return CheckEntry(name=check.name, passed=not detail, detail=detail or None)


def _tally(rows: Iterable[Iterable[Any]]) -> Counter[str]:
    """The rows as JSON text without brackets, so that true is not equal to 1, and for display."""
    return Counter(_JSON.encode(tuple(row))[1:-1] for row in rows)


def _plain(cell: object) -> object:
    """A numeric as a number that TOML can express; any other value that JSON does not support as text."""
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() else float(cell)
    return str(cell)


_JSON = json.JSONEncoder(default=_plain, ensure_ascii=False)


def _part(title: str, rows: Counter[str]) -> str:
    return f"{title}: {listed(sorted(rows.elements()), separator=' | ')}" if rows else ""


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


def judge_contract(
    contract: Contract, reading: ContractObservation, *, role: str | None, inherited: bool
) -> ContractEntry:
    """Broken if any statement fails; None if no statement fails but some could not be checked."""
    return ContractEntry(
        consumer=contract.consumer,
        priority=contract.priority,
        role=role,
        works=False if reading.failures else None if reading.fault else True,
        inherited=inherited,
        failures=tuple(
            StatementFailureEntry(statement=each.statement, message=each.message, sqlstate=each.sqlstate)
            for each in reading.failures
        ),
        detail=reading.fault,
    )
