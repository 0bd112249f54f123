"""Sample values for a table's columns, from their types."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

FIRST_DAY = date(2020, 1, 1)
TEXTS = frozenset({"text", "character varying", "character", '"char"', "name", "citext"})
NUMBERS = frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision", "money", "oid"})
PATTERNS: Mapping[str, str] = MappingProxyType(
    {
        "uuid": "00000000-0000-0000-0000-{n:012}",
        "date": "{day}",
        "timestamp without time zone": "{day} 12:00:00",
        "timestamp with time zone": "{day} 12:00:00+00",
        "time without time zone": "12:00:{second:02}",
        "time with time zone": "12:00:{second:02}+00",
        "interval": "{n} days",
        "json": '{{"n": {n}}}',
        "jsonb": '{{"n": {n}}}',
        "bytea": "\\x{n:04x}",
        "inet": "10.0.0.{byte}",
        "cidr": "10.0.{byte}.0/24",
        "macaddr": "08:00:2b:01:02:{byte:02x}",
        "macaddr8": "08:00:2b:01:02:03:04:{byte:02x}",
        "tsvector": "x{n}",
        "tsquery": "x{n}",
        "xml": "<x>{n}</x>",
        "point": "({n},{n})",
        "lseg": "[(0,0),({n},1)]",
        "box": "({n},{n}),(0,0)",
        "path": "((0,0),({n},1))",
        "polygon": "((0,0),({n},1),(1,{n}))",
        "circle": "<(0,0),{n}>",
        "line": "{{1,2,{n}}}",
    }
)
STYLES = ("x{n}", "X{n}", "{n}")
STRING = re.compile(r"'((?:[^']|'')*)'")


@dataclass(frozen=True, slots=True, kw_only=True)
class FillableColumn:
    """A writable column.

    `type` is the type to cast a value to; `base` is a domain's base type, or an array's element type. `labels` are an
    enum's, `conditions` are the CHECK constraints on the column, and `target` is the referenced schema, table, and
    column.
    """

    name: str
    type: str
    base: str
    is_array: bool = False
    is_range: bool = False
    length: int | None = None
    labels: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    is_required: bool = False
    target: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FillableTable:
    """A table that accepts rows."""

    schema: str
    name: str
    columns: tuple[FillableColumn, ...]

    @property
    def targets(self) -> frozenset[tuple[str, str]]:
        """The other tables that it references."""
        named = {each.target[:2] for each in self.columns if each.target}
        return frozenset(named - {(self.schema, self.name)})


def sample_value(column: FillableColumn, n: int, style: str = STYLES[0]) -> str | None:
    """The n-th value of a column as text for the server; None if the type is not supported.

    Values for different n differ if the type has enough values. `style` is the format of free text.
    """
    if column.is_range:
        return "empty"
    single = _single(column, n, style)
    if single is None or not column.is_array:
        return single
    escaped = single.replace("\\", "\\\\").replace('"', '\\"')
    return f'{{"{escaped}"}}'


def sort_by_reference(tables: Iterable[FillableTable]) -> tuple[FillableTable, ...]:
    """The tables, referenced ones first unless references are circular."""
    remaining, ordered = list(tables), []
    while remaining:
        names = {(each.schema, each.name) for each in remaining}
        ready = [each for each in remaining if not each.targets & names] or remaining[:1]
        ordered += ready
        remaining = [each for each in remaining if each not in ready]
    return tuple(ordered)


def _single(column: FillableColumn, n: int, style: str) -> str | None:
    if column.labels:
        return column.labels[n % len(column.labels)]
    if column.base in TEXTS:
        return _text(column, n, style)
    if column.base in NUMBERS:
        return str(n)
    if column.base == "boolean":
        return "true" if n % 2 else "false"
    if column.base in {"bit", "bit varying"}:
        return "1" * (column.length or 1)
    pattern = PATTERNS.get(column.base)
    return pattern.format(n=n, day=FIRST_DAY + timedelta(days=n), second=n % 60, byte=n % 250 + 1) if pattern else None


def _text(column: FillableColumn, n: int, style: str) -> str:
    """One of the strings in a CHECK constraint, if any. The constraint may forbid it: values are only tried."""
    named = _strings(column.conditions)
    if named:
        return named[n % len(named)]
    text, length = style.format(n=n), 1 if column.base == '"char"' else column.length
    return text if length is None or length >= len(text) else str(n)[-length:]


def _strings(conditions: Sequence[str]) -> tuple[str, ...]:
    """The strings to which conditions compare a value, without patterns (`~`, and `~~` for LIKE)."""
    plain = (each for each in conditions if "~" not in each)
    return tuple(found.replace("''", "'") for each in plain for found in STRING.findall(each))
