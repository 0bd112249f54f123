"""Did a check's query return the rows that the manifest expects?"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from pgfleet.documents.audit import CheckEntry
from pgfleet.judge.observations import QueryResult
from pgfleet.manifest.model import Check
from pgfleet.wording import listed

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
