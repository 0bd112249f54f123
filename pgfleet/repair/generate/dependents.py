"""Statements that drop what depends on an object, and make it again from the expected definitions."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import CatalogObject, ObjectKind
from pgfleet.catalog.repair_facts import Dependent
from pgfleet.repair.generate import columns, constraints, functions, views
from pgfleet.repair.model import ManualRepairNeeded, Statement

Add = Callable[[CatalogObject], Iterator[Statement]]
SHOWN = 5
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
    objects = expected.objects
    found = [(each, objects.get(each.identity) if each.identity else None) for each in dependents]
    known = [wanted for _, wanted in found if wanted and wanted.identity.kind in DROP]
    if others := [each for each, wanted in found if wanted not in known]:
        more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
        names = ", ".join(each.description for each in others[:SHOWN])
        raise ManualRepairNeeded(f"other objects depend on it, which are not the manifest's: {names}{more}")
    yield from (DROP[each.identity.kind](each) for each in reversed(known))
    yield from statements
    yield from dict.fromkeys(statement for each in known for statement in _make(each, add))


def _make(found: CatalogObject, add: Add) -> Iterator[Statement]:
    """Of a column that is not generated, only the default was dropped."""
    if found.identity.kind is ObjectKind.COLUMN and not found.attributes["generated"]:
        yield columns.set_default(found)
    else:
        yield from add(found)
