"""Statements that put a column right."""

from collections.abc import Iterator
from typing import Any

from pgfleet.catalog.objects import CatalogObject
from pgfleet.repair.generate.sequences import add_sequence, continue_after_rows, draws_on, identity_options
from pgfleet.repair.model import Hazard, LeftToPerson, Statement
from pgfleet.repair.names import part_of, relation, table_of

IDENTITY = {"a": "ALWAYS", "d": "BY DEFAULT"}
LOCK = Hazard.ACCESS_EXCLUSIVE


def add_column(wanted: CatalogObject, sequence: CatalogObject | None) -> Iterator[Statement]:
    """The column as it is expected, with the `sequence` that it owns; where there are rows, they get its default."""
    hazards = [LOCK]
    attributes = wanted.attributes
    if _fills_each_row(attributes):
        hazards.append(Hazard.REWRITES)
    if attributes["not_null"] and attributes["default"] is None and not attributes["identity"]:
        hazards.append(Hazard.MAY_FAIL)
    options = f" ({identity_options(sequence)})" if attributes["identity"] and sequence else ""
    yield _alter(wanted, f"ADD COLUMN {part_of(wanted)} {wanted.definition}{options}", *hazards)


def change_column(
    wanted: CatalogObject, found: CatalogObject, sequence: CatalogObject | None, *, server_major: int
) -> Iterator[Statement]:
    """Type, identity, default, NOT NULL, in the order in which they can be changed. Raises LeftToPerson.

    `sequence` is the one that the column is expected to own.
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
        raise LeftToPerson("it is generated, and of another type")
    yield from _change_identity(wanted, found, sequence)
    has_default = have["default"] is not None and not _becomes_identity(want, have)
    if want["default"] is None and has_default and not retyped:
        yield _alter(wanted, f"ALTER COLUMN {column} DROP DEFAULT", LOCK)
    if want["default"] is not None and (want["default"] != have["default"] or retyped) and not want["generated"]:
        yield _alter(wanted, f"ALTER COLUMN {column} SET DEFAULT {want['default']}", LOCK)
    yield from _change_not_null(wanted, found)


def _change_type(wanted: CatalogObject, found: CatalogObject) -> Iterator[Statement]:
    column, want = part_of(wanted), wanted.attributes
    if found.attributes["default"] is not None and not found.attributes["identity"]:
        # The default need not be convertible where the rows are; the expected one is set afterwards.
        yield _alter(wanted, f"ALTER COLUMN {column} DROP DEFAULT", LOCK)
    collation = f" COLLATE {want['collation']}" if want["collation"] else ""
    using = f" USING {column}::{want['type']}" if want["type"] != found.attributes["type"] else ""
    text = f"ALTER COLUMN {column} TYPE {want['type']}{collation}{using}"
    yield _alter(wanted, text, LOCK, Hazard.REWRITES, Hazard.MAY_FAIL)


def _change_identity(
    wanted: CatalogObject, found: CatalogObject, sequence: CatalogObject | None
) -> Iterator[Statement]:
    column, want, have = part_of(wanted), wanted.attributes["identity"], found.attributes["identity"]
    if want == have:
        return
    if not want:
        yield _alter(wanted, f"ALTER COLUMN {column} DROP IDENTITY", LOCK)
        if sequence:  # that of the identity went with it
            yield from add_sequence(sequence)
    elif have:
        yield _alter(wanted, f"ALTER COLUMN {column} SET GENERATED {IDENTITY[want]}", LOCK)
    else:
        if found.attributes["default"] is not None:
            yield _alter(wanted, f"ALTER COLUMN {column} DROP DEFAULT", LOCK)
        if sequence and found.attributes["default"] == draws_on(sequence):
            yield Statement(text=f"DROP SEQUENCE {relation(sequence.identity)}", hazards=(Hazard.MAY_BE_NEEDED,))
        if not found.attributes["not_null"]:
            yield _alter(wanted, f"ALTER COLUMN {column} SET NOT NULL", LOCK, Hazard.READS_ALL, Hazard.MAY_FAIL)
        options = f" ({identity_options(sequence)})" if sequence else ""
        yield _alter(wanted, f"ALTER COLUMN {column} ADD GENERATED {IDENTITY[want]} AS IDENTITY{options}", LOCK)
        if sequence:
            yield continue_after_rows(sequence)


def _change_not_null(wanted: CatalogObject, found: CatalogObject) -> Iterator[Statement]:
    column, want, have = part_of(wanted), wanted.attributes["not_null"], found.attributes["not_null"]
    if want == have or _becomes_identity(wanted.attributes, found.attributes):
        return
    if want is True:
        yield _alter(wanted, f"ALTER COLUMN {column} SET NOT NULL", LOCK, Hazard.READS_ALL, Hazard.MAY_FAIL)
    elif want is False:
        yield _alter(wanted, f"ALTER COLUMN {column} DROP NOT NULL", LOCK)
    else:
        raise LeftToPerson("its NOT NULL is to be NOT VALID")


def _change_generation(wanted: CatalogObject, found: CatalogObject) -> Iterator[Statement]:
    if wanted.attributes["generated"]:
        raise LeftToPerson(
            "it is to be generated, which only a new column can be: the values that it holds would be lost"
        )
    if found.attributes["generated"] != "s":
        raise LeftToPerson("it is computed when it is read, and a stored value cannot be made of that")
    yield _alter(wanted, f"ALTER COLUMN {part_of(wanted)} DROP EXPRESSION", LOCK)
    if wanted.attributes["default"] is not None:
        yield _alter(wanted, f"ALTER COLUMN {part_of(wanted)} SET DEFAULT {wanted.attributes['default']}", LOCK)


def _change_expression(wanted: CatalogObject, server_major: int) -> Iterator[Statement]:
    if server_major < SET_EXPRESSION_SINCE:
        raise LeftToPerson("its expression can be changed from PostgreSQL 17 on; before that only by a new column")
    text = f"ALTER COLUMN {part_of(wanted)} SET EXPRESSION AS ({wanted.attributes['default']})"
    yield _alter(wanted, text, LOCK, Hazard.REWRITES)


SET_EXPRESSION_SINCE = 17


def _becomes_identity(want: Any, have: Any) -> bool:
    return bool(want["identity"] and not have["identity"])


def _fills_each_row(attributes: Any) -> bool:
    """Whether each row gets a value of its own; a constant default is kept once for all rows that are there."""
    default = attributes["default"]
    return bool(attributes["identity"] or attributes["generated"] == "s" or (default and "(" in default))


def _alter(wanted: CatalogObject, action: str, *hazards: Hazard) -> Statement:
    return Statement(text=f"ALTER TABLE {table_of(wanted)} {action}", hazards=hazards)
