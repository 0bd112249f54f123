"""What puts one difference right: a rerun where one is proven to, else statements, else a person."""

from collections.abc import Collection, Iterator, Sequence

from pgfleet.catalog.differences import Difference
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import CatalogObject, Change, ObjectKind, OccupiedName
from pgfleet.repair.generate import functions, views
from pgfleet.repair.generate.statements import make
from pgfleet.repair.model import Hazard, LeftToPerson, Repair, Strategy


def choose_repairs(
    differences: Sequence[Difference],
    expected: ExpectedCatalog,
    occupied_names: Collection[OccupiedName] = (),
    *,
    pending: Collection[str] = (),
) -> tuple[Repair, ...]:
    """The repair of each of a tenant's differences; those of versions that are `pending` are simply run.

    `occupied_names` are the relations that have the names that the manifest's objects need. What depends on an object
    that exists and is wrong is repaired with that object: created again with it, or left to a person with it.
    """
    chosen = [choose_repair(each, expected, occupied_names, is_pending=each.version in pending) for each in differences]
    there = zip(differences, chosen, strict=True)
    by_place: dict[tuple[str | None, str] | None, tuple[Difference, Repair]] = {
        each.expected.place: (each, repair) for each, repair in there if each.actual is not None
    }
    return tuple(
        _with_parent(repair, by_place.get(each.expected.parent_place))
        for each, repair in zip(differences, chosen, strict=True)
    )


def _with_parent(repair: Repair, parent: tuple[Difference, Repair] | None) -> Repair:
    if parent is None:
        return repair
    difference, its_repair = parent
    said = f"{difference.identity.kind} {difference.identity.name}"
    if its_repair.strategy is Strategy.BY_HAND:
        return Repair(strategy=Strategy.BY_HAND, reason=f"{said} must be put right first")
    is_column = difference.identity.kind is ObjectKind.COLUMN  # then it is the views on it that are made anew
    if Hazard.LOSES_GRANTS in its_repair.hazards and not is_column:
        return Repair(strategy=Strategy.SQL, reason=f"{said} is made anew with it")
    return repair


def choose_repair(
    difference: Difference,
    expected: ExpectedCatalog,
    occupied_names: Collection[OccupiedName] = (),
    *,
    is_pending: bool = False,
) -> Repair:
    """The repair of one difference by itself.

    A migration that is pending, or left no trace on an object that is there, is simply run; otherwise a rerun is chosen
    only where it is proven to bring back such an object. A missing table is never made by statements: its rows are
    gone, and somebody must know.
    """
    if difference.actual is None and (obstacle := _find_name_conflict(difference.expected, expected, occupied_names)):
        return Repair(strategy=Strategy.BY_HAND, reason=_describe_name_conflict(obstacle, difference))
    was_never_run = is_pending or (difference.change is Change.CHANGED and difference.untouched)
    is_restored = expected.reapplicable.restores(difference.identity, difference.change) and _is_replaced(difference)
    if was_never_run or is_restored:
        return Repair(strategy=Strategy.RERUN, version=difference.version)
    try:
        statements = tuple(make(difference, expected))
    except LeftToPerson as reason:
        return Repair(strategy=Strategy.BY_HAND, reason=str(reason))
    return Repair(
        strategy=Strategy.SQL, statements=statements, reason=None if statements else "it comes with its column"
    )


def _is_replaced(difference: Difference) -> bool:
    """Whether CREATE OR REPLACE, by which a rerun heals a function or a view, could do it in this case too."""
    wanted, found = difference.expected, difference.actual
    if found is None:
        return True
    if wanted.identity.kind is ObjectKind.FUNCTION:
        return not functions.must_be_dropped(wanted, found)
    return wanted.identity.kind is not ObjectKind.VIEW or views.is_wholly_replaced(wanted, found)


def _find_name_conflict(
    wanted: CatalogObject, expected: ExpectedCatalog, occupied_names: Collection[OccupiedName]
) -> OccupiedName | None:
    """Who has a name that the missing object needs, or one that what falls with it needs.

    A table that was renamed keeps its indexes, and they their names: what is made anew cannot have them.
    """
    held = {each.place: each for each in occupied_names}
    names = (name for each in (wanted, *_children(wanted, expected)) if (name := each.relation_name))
    return next((held[name] for name in names if name in held), None)


def _children(wanted: CatalogObject, expected: ExpectedCatalog) -> Iterator[CatalogObject]:
    found = (each.object for each in expected.provenances)
    return (each for each in found if each.parent_place == wanted.place and each.relation_name)


def _describe_name_conflict(obstacle: OccupiedName, difference: Difference) -> str:
    on_table = f", which is on {obstacle.table}," if obstacle.table else ""
    renamed = " (was the table renamed?)" if obstacle.table and difference.expected.parent is None else ""
    return f"{obstacle.kind} {obstacle.name}{on_table} has the name that is needed{renamed}: rename or drop it first"
