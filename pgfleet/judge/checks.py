"""Does the answer to a check's query hold the rows that the manifest expects?"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from pgfleet.documents.audit import CheckEntry
from pgfleet.judge.observations import QueryResult
from pgfleet.manifest.model import Check

SHOWN = 5
UNREADABLE = "the role may not read all tables that are managed"


def judge_check(check: Check, answer: QueryResult, *, unreadable: Sequence[str] = ()) -> CheckEntry:
    """Passed if exactly the expected rows came, in whatever order; None if no answer could be had.

    A check that fails while tables are `unreadable` to the role may fail for that alone (information_schema shows only
    what one has a right on), so it is None too.
    """
    if answer.fault:
        return CheckEntry(name=check.name, passed=None, detail=answer.fault)
    if answer.absent:
        return CheckEntry(name=check.name, passed=False, detail=answer.absent)
    expected, found = _tally(check.returns), _tally(answer.rows)
    parts = [_part("missing", expected - found), _part("not expected", found - expected)]
    detail = "; ".join(filter(None, parts))
    if detail and unreadable:
        return CheckEntry(name=check.name, passed=None, detail=UNREADABLE)
    return CheckEntry(name=check.name, passed=not detail, detail=detail or None)


def _tally(rows: Iterable[Iterable[Any]]) -> Counter[str]:
    """Rows as text, so that true is not 1; JSON's form, less the brackets, is also what people read."""
    return Counter(_JSON.encode(tuple(row))[1:-1] for row in rows)


def _plain(cell: object) -> object:
    """A numeric as the number that TOML can hold, whatever else JSON does not know as text."""
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() else float(cell)
    return str(cell)


_JSON = json.JSONEncoder(default=_plain, ensure_ascii=False)


def _part(title: str, rows: Counter[str]) -> str:
    if not rows:
        return ""
    texts = sorted(rows.elements())
    more = f" and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return f"{title}: {' | '.join(texts[:SHOWN])}{more}"
