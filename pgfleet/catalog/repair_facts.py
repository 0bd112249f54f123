"""What the repair of an object has to know of the tenant besides the object itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgfleet.catalog.objects import Identity, ObjectKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependent:
    """An object that depends on another one: the server's description, and the identity if the kind is read at all.

    The identity of a rule is that of its table or view, and `rule` is its quoted name.
    """

    identity: Identity | None
    description: str
    rule: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairFacts:
    """What the repair of one object has to know.

    `dependents` must be dropped before the object is, or before a column takes another type; each comes after what it
    depends on. `has_cast`: the column's values can be cast to the expected type. `has_path`: the extension can be
    updated to the expected version. `has_rows`: the table of a missing column, one that inherits from it, or one that
    contains a composite type, may have rows.
    """

    dependents: tuple[Dependent, ...] = ()
    has_cast: bool = True
    has_path: bool = True
    has_rows: bool = True


NO_FACTS = RepairFacts()
"""Nothing depends on the object, as far as is known."""
Facts = Mapping[Identity, RepairFacts]


def read_facts(row: tuple[list[Mapping[str, Any]], bool, bool, bool]) -> RepairFacts:
    """The facts in a row of the query (`dependents, has_cast, has_path, has_rows`)."""
    dependents, has_cast, has_path, has_rows = row
    found = tuple(map(_dependent, dependents))
    return RepairFacts(dependents=found, has_cast=has_cast, has_path=has_path, has_rows=has_rows)


def _dependent(row: Mapping[str, Any]) -> Dependent:
    identity = None
    if row["kind"]:
        identity = Identity(kind=ObjectKind(row["kind"]), schema=row["schema"], name=row["name"])
    return Dependent(identity=identity, description=row["description"], rule=row["rule"])
