"""Does a change of a column's type rewrite the table, and does it lose what values hold?"""

from dataclasses import dataclass
from typing import Any

from pgfleet.parser import ast

TEXTS = frozenset({"text", "varchar"})
INTEGERS = ("int2", "int4", "int8")
LENGTHS = frozenset({"varchar", "varbit"})
"""Types whose limit can grow without a rewrite (PostgreSQL manual, ALTER TABLE, Notes)."""
WIDER = frozenset(
    {
        *((small, large) for place, small in enumerate(INTEGERS) for large in INTEGERS[place + 1 :]),
        *((each, "numeric") for each in INTEGERS),
        *((each, "float8") for each in ("int2", "int4", "float4")),
        ("int2", "float4"),
        ("date", "timestamp"),
        ("date", "timestamptz"),
        ("timestamp", "timestamptz"),
        ("timestamptz", "timestamp"),
        ("json", "jsonb"),
        ("jsonb", "json"),
        ("inet", "cidr"),
        ("cidr", "inet"),
    }
)
"""Casts that keep what a value says; those to text and from text are added below."""
PARSED = frozenset({*INTEGERS, "uuid", "jsonb", "json", "bool", "inet", "cidr", "bytea", "citext", "text", "varchar"})
"""Types that a text is converted to in full, or not at all; a number or a date may be rounded."""

ROUNDED = frozenset({"date", "time", "timetz", "float4"})
"""Types that keep only a part of a larger value, without an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnType:
    """A type as a statement names it: without its schema, and with its modifiers (length, or precision and scale)."""

    name: str
    modifiers: tuple[int, ...] = ()
    is_array: bool = False


def read_type(node: Any) -> ColumnType:
    """The type that a TypeName node names; a modifier that is not an integer is read as 0."""
    values = [getattr(getattr(each, "val", None), "ival", 0) for each in node.typmods or ()]
    return ColumnType(name=node.names[-1].sval, modifiers=tuple(values), is_array=bool(node.arrayBounds))


def rewrites(old: ColumnType | None, new: ColumnType) -> bool:
    """Whether the change rewrites the table, or may: the old type may be unknown."""
    if old is None or old.is_array or new.is_array:
        return old != new
    if old == new:
        return False
    if {old.name, new.name} <= TEXTS | LENGTHS and old.name in TEXTS | {new.name}:
        return not _is_longer(old, new)
    if old.name == new.name == "numeric":
        return not _is_larger(old, new)
    if old.name == new.name:  # the precision of a time
        return bool(new.modifiers) and (not old.modifiers or new.modifiers < old.modifiers)
    return True


def loses(old: ColumnType | None, new: ColumnType, *, is_explicit: bool) -> bool | None:  # noqa: PLR0911 (a list of cases)
    """Whether the change can lose a part of a value without an error; None if the old type must be known for that.

    An explicit cast cuts texts off, where an implicit one fails (PostgreSQL manual, 8.3 Character Types).
    """
    if old is not None and (old == new or not rewrites(old, new)):
        return False
    if new.name in TEXTS | {"bpchar"} and not new.is_array:
        return is_explicit and bool(new.modifiers)
    if old is None:
        return True if new.name in ROUNDED or new.modifiers else None
    if old.name in {*TEXTS, "bpchar"}:
        return new.name not in PARSED
    if old.name == new.name == "numeric" and old.modifiers and new.modifiers:
        return _scale(new) < _scale(old)
    if old.name == new.name and not new.modifiers and not (old.is_array or new.is_array):
        return False
    # Between integers, a value that does not fit fails.
    return (old.name, new.name) not in WIDER and not {old.name, new.name} <= {*INTEGERS}


def _is_longer(old: ColumnType, new: ColumnType) -> bool:
    return not new.modifiers or (bool(old.modifiers) and new.modifiers >= old.modifiers)


def _is_larger(old: ColumnType, new: ColumnType) -> bool:
    """The manual allows a larger precision with the same scale, and no limit at all."""
    if not new.modifiers:
        return True
    return bool(old.modifiers) and _scale(old) == _scale(new) and new.modifiers[0] >= old.modifiers[0]


def _scale(each: ColumnType) -> int:
    return each.modifiers[1] if len(each.modifiers) > 1 else 0


def cast_target(using: Any, column: str) -> ColumnType | None:
    """The type of a USING expression that only casts the column itself; None for any other expression."""
    if isinstance(using, ast.TypeCast) and _is_column(using.arg, column):
        return read_type(using.typeName)
    return None


def _is_column(node: Any, column: str) -> bool:
    return isinstance(node, ast.ColumnRef) and getattr(node.fields[-1], "sval", None) == column
