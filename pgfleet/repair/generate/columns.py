"""Statements that fix a column."""

from collections.abc import Iterator
from typing import Any

from pgfleet.catalog.objects import CatalogObject
from pgfleet.repair.generate.rounding import may_round
from pgfleet.repair.generate.sequences import (
    add_sequence,
    continue_after,
    continue_after_rows,
    identity_options,
    owner,
    sequence_of_default,
)
from pgfleet.repair.model import Hazard, ManualRepairNeeded, Statement
from pgfleet.repair.names import part_of, quoted, relation, table_of, within

IDENTITY = {"a": "ALWAYS", "d": "BY DEFAULT"}
LOCK = Hazard.ACCESS_EXCLUSIVE
UNLIMITED = {
    "character varying": "character varying",
    "character": "text",
    "bit varying": "bit varying",
    "bit": "bit varying",
}
"""For each type with a length, the one without it that holds the same values."""


def add_column(wanted: CatalogObject, sequence: CatalogObject | None) -> Iterator[Statement]:
    """Adds the expected column with the `sequence` that it owns; existing rows get its default."""
    hazards = [LOCK]
    attributes = wanted.attributes
    if _fills_rows(attributes):
        hazards.append(Hazard.REWRITES)
    if attributes["not_null"] and attributes["default"] is None and not attributes["identity"]:
        hazards.append(Hazard.MAY_FAIL)
    options = f" ({identity_options(sequence)})" if attributes["identity"] and sequence else ""
    yield _alter(wanted, f"ADD COLUMN {part_of(wanted)} {wanted.definition}{options}", *hazards)


def change_column(
    wanted: CatalogObject, found: CatalogObject, sequence: CatalogObject | None, *, server_major: int
) -> Iterator[Statement]:
    """Changes type, identity, default, and NOT NULL, in an order that works. Raises ManualRepairNeeded.

    `sequence` is the sequence that the column is expected to own.
    """
    want, have = wanted.attributes, found.attributes
    column = part_of(wanted)
    if want["generated"] != have["generated"]:
        yield from _change_generation(wanted, found)
        return
    if want["generated"] and want["default"] != have["default"]:
        yield from _change_expression(wanted, server_major)
        return
    retyped = (want["type"], want["collation"]) != (have["type"], have["collation"])
    if retyped and not want["generated"]:
        yield from _change_type(wanted, found)
    elif retyped:
        raise ManualRepairNeeded("the type of a generated column cannot be changed")
    yield from _change_identity(wanted, found, sequence)
    has_default = have["default"] is not None and not _becomes_identity(want, have)
    if want["default"] is None and has_default and not retyped:
        yield _alter(wanted, f"ALTER COLUMN {column} DROP DEFAULT", LOCK)
    if want["default"] is not None and (want["default"] != have["default"] or retyped) and not want["generated"]:
        yield set_default(wanted)
    yield from _change_not_null(wanted, found)


def set_default(wanted: CatalogObject) -> Statement:
    """Sets the expected default."""
    return _alter(wanted, f"ALTER COLUMN {part_of(wanted)} SET DEFAULT {wanted.attributes['default']}", LOCK)


def drop_expression(found: CatalogObject) -> Statement:
    """Drops the column's default, or a generated column, whose values the server computes again."""
    if found.attributes["generated"]:
        return _alter(found, f"DROP COLUMN {part_of(found)}", LOCK)
    return _alter(found, f"ALTER COLUMN {part_of(found)} DROP DEFAULT", LOCK)


def _change_type(wanted: CatalogObject, found: CatalogObject) -> Iterator[Statement]:
    column, want = part_of(wanted), wanted.attributes
    if found.attributes["default"] is not None and not found.attributes["identity"]:
        # The default may not be convertible even if the rows are; the expected one is set afterwards.
        yield _alter(wanted, f"ALTER COLUMN {column} DROP DEFAULT", LOCK)
    collation = f" COLLATE {want['collation']}" if want["collation"] else ""
    using = f" USING {column}::{_without_limit(want['type'])}" if want["type"] != found.attributes["type"] else ""
    text = f"ALTER COLUMN {column} TYPE {want['type']}{collation}{using}"
    changes = (Hazard.CHANGES_ROWS,) if may_round(found.attributes["type"], want["type"]) else ()
    yield _alter(wanted, text, LOCK, Hazard.REWRITES, Hazard.MAY_FAIL, *changes)


def _without_limit(type_name: str) -> str:
    """The type without a limit of its length: a cast to `varchar(3)` cuts values off, where an assignment fails.

    PostgreSQL manual, 8.3 Character Types and 8.10 Bit String Types; `character` alone would mean `character(1)`.
    """
    for limited, unlimited in UNLIMITED.items():
        if type_name.startswith(f"{limited}("):
            return unlimited + type_name.partition(")")[2]
    return type_name


def _change_identity(
    wanted: CatalogObject, found: CatalogObject, sequence: CatalogObject | None
) -> Iterator[Statement]:
    column, want, have = part_of(wanted), wanted.attributes["identity"], found.attributes["identity"]
    if want == have:
        return
    if not want:
        yield _alter(wanted, f"ALTER COLUMN {column} DROP IDENTITY", LOCK)
        if sequence:  # DROP IDENTITY dropped the identity's own sequence
            yield from add_sequence(sequence)
    elif have:
        yield _alter(wanted, f"ALTER COLUMN {column} SET GENERATED {IDENTITY[want]}", LOCK)
    else:
        yield from _become_identity(wanted, found, sequence)


def _become_identity(
    wanted: CatalogObject, found: CatalogObject, sequence: CatalogObject | None
) -> Iterator[Statement]:
    """Replaces a default; a sequence that it used hands its current value over, and its name if that is needed."""
    column, serial, outdated = part_of(wanted), sequence_of_default(found), None
    if found.attributes["default"] is not None:
        yield _alter(wanted, f"ALTER COLUMN {column} DROP DEFAULT", LOCK)
    if sequence and serial == relation(sequence.identity):
        name = f"pgfleet_{sequence.identity.name}"[:63]
        serial = outdated = within(sequence.identity.schema, name)
        yield Statement(text=f"ALTER SEQUENCE {relation(sequence.identity)} RENAME TO {quoted(name)}")
    if not found.attributes["not_null"]:
        yield _alter(wanted, f"ALTER COLUMN {column} SET NOT NULL", LOCK, Hazard.READS_ALL, Hazard.MAY_FAIL)
    options = f" ({identity_options(sequence)})" if sequence else ""
    generated = IDENTITY[wanted.attributes["identity"]]
    yield _alter(wanted, f"ALTER COLUMN {column} ADD GENERATED {generated} AS IDENTITY{options}", LOCK)
    if sequence:
        yield continue_after(sequence, serial) if serial else continue_after_rows(sequence, owner(sequence))
    if outdated:
        yield Statement(text=f"DROP SEQUENCE {outdated}", hazards=(Hazard.MAY_BE_NEEDED,))


def _change_not_null(wanted: CatalogObject, found: CatalogObject) -> Iterator[Statement]:
    """NOT NULL, which since PostgreSQL 18 can be `NO INHERIT` or `NOT VALID`; only the latter can be altered."""
    column, want, have = part_of(wanted), wanted.attributes["not_null"], found.attributes["not_null"]
    if want == have or _becomes_identity(wanted.attributes, found.attributes):
        return
    if have and not (want is True and have == "NOT VALID"):
        if want and wanted.attributes["identity"]:
            raise ManualRepairNeeded("the NOT NULL of an identity column cannot be dropped")
        yield _alter(wanted, f"ALTER COLUMN {column} DROP NOT NULL", LOCK)
    if want is True:
        yield _alter(wanted, f"ALTER COLUMN {column} SET NOT NULL", LOCK, Hazard.READS_ALL, Hazard.MAY_FAIL)
    elif want:
        proven = () if "NOT VALID" in want else (Hazard.READS_ALL, Hazard.MAY_FAIL)
        yield _alter(wanted, f"ADD NOT NULL {column} {want}", LOCK, *proven)


def _change_generation(wanted: CatalogObject, found: CatalogObject) -> Iterator[Statement]:
    if wanted.attributes["generated"]:
        raise ManualRepairNeeded("only a new column can be generated, and replacing the column would lose its values")
    if found.attributes["generated"] != "s":
        raise ManualRepairNeeded("the expression of a virtual generated column cannot be dropped")
    yield _alter(wanted, f"ALTER COLUMN {part_of(wanted)} DROP EXPRESSION", LOCK)
    if wanted.attributes["default"] is not None:
        yield set_default(wanted)


def _change_expression(wanted: CatalogObject, server_major: int) -> Iterator[Statement]:
    if server_major < SET_EXPRESSION_SINCE:
        raise ManualRepairNeeded("before PostgreSQL 17, only a new column can have another expression")
    text = f"ALTER COLUMN {part_of(wanted)} SET EXPRESSION AS ({wanted.attributes['default']})"
    yield _alter(wanted, text, LOCK, Hazard.REWRITES)


SET_EXPRESSION_SINCE = 17


def _becomes_identity(want: Any, have: Any) -> bool:
    return bool(want["identity"] and not have["identity"])


def _fills_rows(attributes: Any) -> bool:
    """Whether every row gets its own value; a constant default is stored once for all existing rows."""
    default = attributes["default"]
    return bool(attributes["identity"] or attributes["generated"] == "s" or (default and "(" in default))


def _alter(wanted: CatalogObject, action: str, *hazards: Hazard) -> Statement:
    return Statement(text=f"ALTER TABLE {table_of(wanted)} {action}", hazards=hazards)
