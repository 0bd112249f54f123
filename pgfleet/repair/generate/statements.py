"""The statements that fix an object, by its kind."""

from collections.abc import Callable, Collection, Iterator, Mapping

from pgfleet.catalog.differences import Difference
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import CatalogObject, ObjectKind
from pgfleet.catalog.repair_facts import NO_FACTS, RepairFacts
from pgfleet.repair.generate import columns, constraints, functions, sequences, tables, types, views
from pgfleet.repair.generate.dependents import with_dependents
from pgfleet.repair.model import ManualRepairNeeded, Statement
from pgfleet.repair.names import is_named_in, part_of

HOME = '"$home"'
"""The home schema's name in the body of a function (sql/introspection/function.sql)."""


def generate_statements(
    difference: Difference, expected: ExpectedCatalog, facts: RepairFacts = NO_FACTS
) -> Iterator[Statement]:
    """The statements that add or change the object, and make again what depends on it.

    Raises ManualRepairNeeded if no statement can.
    """
    wanted, found = difference.expected, difference.actual
    if found is None:
        yield from _add(wanted, expected)
        return
    _check_facts(wanted, found, facts)
    if _is_in_partition_key(wanted, found, expected):
        raise ManualRepairNeeded("it is part of the partition key: re-create the table and copy its rows")
    statements = CHANGE[wanted.identity.kind](wanted, found, expected)
    yield from with_dependents(statements, facts.dependents, expected, lambda each: _add(each, expected))


def _check_facts(wanted: CatalogObject, found: CatalogObject, facts: RepairFacts) -> None:
    want, have = wanted.attributes, found.attributes
    if wanted.identity.kind is ObjectKind.EXTENSION and not facts.has_path:
        raise ManualRepairNeeded(f"there is no update path from version {have['version']} to {want['version']}")
    if wanted.identity.kind is ObjectKind.COLUMN and want["type"] != have["type"] and not facts.has_cast:
        raise ManualRepairNeeded(f"there is no cast from {have['type']} to {want['type']}")
    if wanted.identity.kind is ObjectKind.TYPE and facts.has_rows and (lost := types.missing_attributes(wanted, found)):
        raise ManualRepairNeeded(
            f"rows with this type have lost the values of {', '.join(lost)}: "
            "add the attribute, and restore them from a backup"
        )


def _is_in_partition_key(wanted: CatalogObject, found: CatalogObject, expected: ExpectedCatalog) -> bool:
    """Whether it is a column of another type that decides in which partition a row is."""
    if wanted.identity.kind is not ObjectKind.COLUMN or wanted.attributes["type"] == found.attributes["type"]:
        return False
    table = next((each for each in expected.objects.values() if each.place == wanted.parent_place), None)
    key = str(table.attributes.get("partition_key") or "") if table else ""
    return is_named_in(key, part_of(wanted))


def _add(wanted: CatalogObject, expected: ExpectedCatalog) -> Iterator[Statement]:
    yield from ADD[wanted.identity.kind](wanted, expected)


def _children(wanted: CatalogObject, expected: ExpectedCatalog) -> Iterator[Statement]:
    """Adds the objects that were dropped with a re-created one: indexes, triggers, privileges."""
    for each in expected.children.get(wanted.place, ()):
        yield from _add(each, expected)


def _add_function(wanted: CatalogObject, expected: ExpectedCatalog) -> Iterator[Statement]:
    settings = [each for each in wanted.attributes.get("settings") or () if each != f"search_path={HOME}"]
    if not expected.names_home and HOME in str([wanted.attributes["body"], settings]):
        raise ManualRepairNeeded(
            "its migration writes the home schema's name into it; run the part that creates it again"
        )
    yield Statement(text=wanted.definition)


def _add_as_defined(wanted: CatalogObject, _expected: ExpectedCatalog) -> Iterator[Statement]:
    yield Statement(text=wanted.definition)


def _add_table(_wanted: CatalogObject, _expected: ExpectedCatalog) -> Iterator[Statement]:
    raise ManualRepairNeeded("the table was lost with its rows, and a rerun is not proven to re-create it")


def _add_sequence(wanted: CatalogObject, expected: ExpectedCatalog) -> Iterator[Statement]:
    """The sequence of an identity column is created with the column; if the column exists, it has another name."""
    if _identity_column(wanted, expected):
        yield sequences.rename_sequence(wanted)
    else:
        columns = [each for each in expected.objects.values() if each.identity.kind is ObjectKind.COLUMN]
        yield from sequences.add_sequence(wanted, columns)


def _add_view(wanted: CatalogObject, expected: ExpectedCatalog) -> Iterator[Statement]:
    yield from views.add_view(wanted)
    yield from _children(wanted, expected)


def _change_column(wanted: CatalogObject, found: CatalogObject, expected: ExpectedCatalog) -> Iterator[Statement]:
    sequence = _sequence_of(wanted, expected)
    yield from columns.change_column(wanted, found, sequence, server_major=expected.server_major)


def _sequence_of(column: CatalogObject, expected: ExpectedCatalog) -> CatalogObject | None:
    """The sequence that a serial or identity column owns."""
    found = (each.object for each in expected.provenances if each.object.identity.kind is ObjectKind.SEQUENCE)
    on_table = (each for each in found if each.parent_place == column.parent_place)
    return next((each for each in on_table if sequences.owner(each)[1] == part_of(column)), None)


def _change_function(wanted: CatalogObject, found: CatalogObject, expected: ExpectedCatalog) -> Iterator[Statement]:
    if not functions.must_be_dropped(wanted, found):
        yield from _add_function(wanted, expected)
        return
    yield functions.drop_function(found)
    yield from _add_function(wanted, expected)
    yield from _children(wanted, expected)


def _change_view(wanted: CatalogObject, found: CatalogObject, expected: ExpectedCatalog) -> Iterator[Statement]:
    if views.is_replaceable(wanted, found):
        yield from views.replace_view(wanted, found)
        return
    yield views.drop_view(found)
    yield from _add_view(wanted, expected)


def _change_extension(wanted: CatalogObject, _found: CatalogObject, _expected: ExpectedCatalog) -> Iterator[Statement]:
    yield functions.update_extension(wanted)


def _change_schema(_wanted: CatalogObject, _found: CatalogObject, _expected: ExpectedCatalog) -> Iterator[Statement]:
    raise ManualRepairNeeded("only the name of a schema is compared")


Adder = Callable[[CatalogObject, ExpectedCatalog], Iterator[Statement]]
Changer = Callable[[CatalogObject, CatalogObject, ExpectedCatalog], Iterator[Statement]]

ADD: Mapping[ObjectKind, Adder] = {
    ObjectKind.SCHEMA: _add_as_defined,
    ObjectKind.EXTENSION: _add_as_defined,
    ObjectKind.TYPE: _add_as_defined,
    ObjectKind.FUNCTION: _add_function,
    ObjectKind.SEQUENCE: _add_sequence,
    ObjectKind.TABLE: _add_table,
    ObjectKind.COLUMN: lambda wanted, expected: columns.add_column(wanted, _sequence_of(wanted, expected)),
    ObjectKind.CONSTRAINT: lambda wanted, _: constraints.add_constraint(wanted),
    ObjectKind.INDEX: lambda wanted, _: constraints.add_index(wanted),
    ObjectKind.VIEW: _add_view,
    ObjectKind.TRIGGER: lambda wanted, _: functions.add_trigger(wanted),
    ObjectKind.POLICY: lambda wanted, _: functions.add_policy(wanted),
    ObjectKind.PRIVILEGE: lambda wanted, _: functions.add_privilege(wanted),
}
CHANGE: Mapping[ObjectKind, Changer] = {
    ObjectKind.SCHEMA: _change_schema,
    ObjectKind.EXTENSION: _change_extension,
    ObjectKind.TYPE: lambda wanted, found, _: types.change_type(wanted, found),
    ObjectKind.FUNCTION: _change_function,
    ObjectKind.SEQUENCE: lambda wanted, found, _: sequences.change_sequence(wanted, found),
    ObjectKind.TABLE: lambda wanted, found, _: tables.change_table(wanted, found),
    ObjectKind.COLUMN: _change_column,
    ObjectKind.CONSTRAINT: lambda wanted, found, _: constraints.change_constraint(wanted, found),
    ObjectKind.INDEX: lambda wanted, found, _: constraints.change_index(wanted, found),
    ObjectKind.VIEW: _change_view,
    ObjectKind.TRIGGER: lambda wanted, found, _: functions.change_trigger(wanted, found),
    ObjectKind.POLICY: lambda wanted, _found, _: functions.change_policy(wanted),
    ObjectKind.PRIVILEGE: lambda wanted, _found, _: functions.change_privilege(wanted),
}


def is_made_with_column(difference: Difference, others: Collection[Difference], expected: ExpectedCatalog) -> bool:
    """Whether the sequence is made when one of the other differences is repaired: that of its identity column."""
    if difference.identity.kind is not ObjectKind.SEQUENCE:
        return False
    column = _identity_column(difference.expected, expected)
    found = (each.actual for each in others if column and each.identity == column.identity)
    return any(each is None or not each.attributes["identity"] for each in found)


def _identity_column(sequence: CatalogObject, expected: ExpectedCatalog) -> CatalogObject | None:
    if sequence.parent is None:
        return None
    found = (each.object for each in expected.provenances if each.object.identity.kind is ObjectKind.COLUMN)
    on_table = (each for each in found if each.parent_place == sequence.parent_place and each.attributes["identity"])
    return next((each for each in on_table if part_of(each) == sequences.owner(sequence)[1]), None)
