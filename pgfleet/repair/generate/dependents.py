"""Statements that drop what depends on an object, and make it again from the expected definitions."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import CatalogObject, ObjectKind
from pgfleet.catalog.repair_facts import Dependent
from pgfleet.repair.generate import columns, constraints, functions, tables, views
from pgfleet.repair.model import ManualRepairNeeded, Statement
from pgfleet.repair.names import relation
from pgfleet.wording import listed

Add = Callable[[CatalogObject], Iterator[Statement]]
DROP: Mapping[ObjectKind, Callable[[CatalogObject], Statement]] = MappingProxyType(
    {
        ObjectKind.COLUMN: columns.drop_expression,
        ObjectKind.CONSTRAINT: constraints.drop_constraint,
        ObjectKind.FUNCTION: functions.drop_function,
        ObjectKind.INDEX: constraints.drop_index,
        ObjectKind.POLICY: functions.drop_policy,
        ObjectKind.TRIGGER: functions.drop_trigger,
        ObjectKind.VIEW: views.drop_view,
    }
)


def with_dependents(
    statements: Iterable[Statement], dependents: Sequence[Dependent], expected: ExpectedCatalog, add: Add
) -> Iterator[Statement]:
    """The statements between those that drop the dependents and those that make them again.

    `dependents` come after what they depend on. Raises ManualRepairNeeded if the manifest does not create all of them.
    """
    remade = [(each, _statements(each, expected, add)) for each in dependents]
    if others := [each.description for each, found in remade if found is None]:
        problem = "other objects depend on it, which the manifest does not re-create"
        raise ManualRepairNeeded(f"{problem}: {listed(others)}")
    known = [found for _, found in remade if found]
    yield from (drop for drop, _ in reversed(known))
    yield from statements
    yield from dict.fromkeys(statement for _, make in known for statement in make)


def _statements(
    dependent: Dependent, expected: ExpectedCatalog, add: Add
) -> tuple[Statement, tuple[Statement, ...]] | None:
    """What drops the dependent, and what makes it again; None if it is not one of the expected objects."""
    wanted = expected.objects.get(dependent.identity) if dependent.identity else None
    if wanted and dependent.rule:
        rules = [each for each in wanted.attributes["rules"] or () if tables.name_of_rule(each) == dependent.rule]
        table = relation(wanted.identity)
        made = tuple(tables.change_rules(table, rules, ()))
        return (tables.drop_rule(table, dependent.rule), made) if made else None
    if wanted is None or wanted.identity.kind not in DROP:
        return None
    return DROP[wanted.identity.kind](wanted), tuple(_make(wanted, add))


def _make(found: CatalogObject, add: Add) -> Iterator[Statement]:
    """Of a column that is not generated, only the default was dropped."""
    if found.identity.kind is ObjectKind.COLUMN and not found.attributes["generated"]:
        yield columns.set_default(found)
    else:
        yield from add(found)
