"""A hazard, where it is, and the relations that a script is about."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from pgfleet.hazards.codes import HazardCode


class Relation(NamedTuple):
    """A table as a statement names it; `schema` is None for the first match on the search path."""

    schema: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """One hazard of a statement: the `object` that it concerns, and its table; `detail` says what happens to it."""

    code: HazardCode
    object: str = ""
    detail: str = ""
    relation: Relation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A hazard in a script; `line` is from 1, and None if it is the entire script's. `statement` begins at that line.

    `is_from_squawk` means that only squawk found it.
    """

    hazard: Hazard
    line: int | None = None
    statement: str = ""
    is_from_squawk: bool = False


def hazards_on(relation: Relation, *codes: HazardCode, detail: str = "") -> Iterator[Hazard]:
    """One hazard of the table for each code."""
    yield from (Hazard(code=each, object=str(relation), detail=detail, relation=relation) for each in codes)


def relation_of(node: Any) -> Relation:
    """The relation that a RangeVar names."""
    return Relation(node.schemaname or None, node.relname)


def relation_named(parts: Any) -> Relation:
    """The relation that a list of String nodes names."""
    names = [each.sval for each in parts]
    return Relation(names[-2] if len(names) > 1 else None, names[-1])
