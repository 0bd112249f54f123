"""Statements that fix a sequence."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pgfleet.catalog.objects import CatalogObject
from pgfleet.repair.model import ManualRepairNeeded, Statement
from pgfleet.repair.names import literal, part_of, quoted, relation, table_of, within

OPTIONS = {
    "type": "AS",
    "increment": "INCREMENT BY",
    "minimum": "MINVALUE",
    "maximum": "MAXVALUE",
    "start": "START WITH",
    "cache": "CACHE",
}


NEXT_VALUE = re.compile(r"nextval\('((?:[^']|'')+)'::regclass\)")


def add_sequence(wanted: CatalogObject, columns: Collection[CatalogObject] = ()) -> Iterator[Statement]:
    """Creates the expected sequence, continuing after the values in its column, or in those that it is the default of.

    Raises ManualRepairNeeded if there is none, because its current value is lost.
    """
    attributes, name = wanted.attributes, relation(wanted.identity)
    unlogged = "UNLOGGED " if attributes["unlogged"] else ""
    yield Statement(text=f"CREATE {unlogged}SEQUENCE {name} {_options(attributes, OPTIONS)}")
    if attributes["owned_by"]:
        yield _own(wanted)
        yield continue_after_rows(wanted, owner(wanted))
        return
    users = [(table_of(each), part_of(each)) for each in columns if sequence_of_default(each) == name]
    if not users:
        raise ManualRepairNeeded("its current value is lost: create it, and set it after the last value in use")
    yield continue_after_rows(wanted, *users)


def rename_sequence(wanted: CatalogObject) -> Statement:
    """Renames the sequence of an identity column to the expected name."""
    table = literal(owner(wanted)[0])
    found = f"pg_catalog.pg_get_serial_sequence({table}, {literal(own_column(wanted))})"
    template = literal("ALTER SEQUENCE %s RENAME TO %I")
    body = f"BEGIN EXECUTE pg_catalog.format({template}, {found}, {literal(wanted.identity.name)}); END"
    return Statement(text=f"DO {literal(body)}")


def continue_after_rows(wanted: CatalogObject, *columns: tuple[str, str]) -> Statement:
    """Sets a new sequence to continue after the values in columns, each with its table, if any is after the start."""
    last, is_after = ("max", ">=") if wanted.attributes["increment"] > 0 else ("min", "<=")
    name, start = literal(relation(wanted.identity)), wanted.attributes["start"]
    [(table, column), *others] = columns
    if others:
        values = (f"SELECT {last}({column}) FROM {table}" for table, column in columns)
        table, column = f"({' UNION ALL '.join(values)}) AS used (value)", "value"
    text = f"SELECT pg_catalog.setval({name}, {last}({column})) FROM {table} HAVING {last}({column}) {is_after} {start}"
    return Statement(text=text, is_late=True)


def continue_after(wanted: CatalogObject, other: str) -> Statement:
    """Sets a new sequence to continue after the current value of another one, whose quoted name is given."""
    name = literal(relation(wanted.identity))
    return Statement(text=f"SELECT pg_catalog.setval({name}, last_value, is_called) FROM {other}")


def sequence_of_default(column: CatalogObject) -> str | None:
    """The quoted name of the sequence that the column's default takes the next value of, if it does."""
    found = NEXT_VALUE.fullmatch(column.attributes["default"] or "")
    return found[1].replace("''", "'") if found else None


def identity_options(wanted: CatalogObject) -> str:
    """The options of an identity column's sequence, whose type is the column's."""
    options = {key: word for key, word in OPTIONS.items() if key != "type"}
    return f"SEQUENCE NAME {relation(wanted.identity)} {_options(wanted.attributes, options)}"


def _options(attributes: Mapping[str, Any], words: Mapping[str, str]) -> str:
    cycle = " CYCLE" if attributes["cycle"] else ""
    return " ".join(f"{word} {attributes[key]}" for key, word in words.items()) + cycle


def change_sequence(wanted: CatalogObject, found: CatalogObject) -> Iterator[Statement]:
    """Alters the options that differ; the current value stays."""
    want, have = wanted.attributes, found.attributes
    options = [f"{word} {want[key]}" for key, word in OPTIONS.items() if want[key] != have[key]]
    if want["cycle"] != have["cycle"]:
        options.append("CYCLE" if want["cycle"] else "NO CYCLE")
    if options:
        yield Statement(text=f"ALTER SEQUENCE {relation(wanted.identity)} {' '.join(options)}")
    if want["unlogged"] != have["unlogged"]:
        yield Statement(
            text=f"ALTER SEQUENCE {relation(wanted.identity)} SET {'UNLOGGED' if want['unlogged'] else 'LOGGED'}"
        )
    if want["owned_by"] != have["owned_by"]:
        yield _own(wanted)


def owner(wanted: CatalogObject) -> tuple[str, str]:
    """The table and the column that own the sequence, quoted."""
    return within(wanted.identity.schema, wanted.parent or ""), quoted(own_column(wanted))


def own_column(wanted: CatalogObject) -> str:
    """The bare name of the column that owns the sequence."""
    return str(wanted.attributes["owned_by"]).removeprefix(f"{wanted.parent or ''}.")


def _own(wanted: CatalogObject) -> Statement:
    owned_by = ".".join(owner(wanted)) if wanted.attributes["owned_by"] else "NONE"
    return Statement(text=f"ALTER SEQUENCE {relation(wanted.identity)} OWNED BY {owned_by}", is_late=True)
