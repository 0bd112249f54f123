"""What puts one difference right: a rerun where one is proven to, else statements, else a person."""

from collections.abc import Collection, Iterator

from pgfleet.catalog.differences import Change, Difference
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.model import CatalogObject, Holder
from pgfleet.repair.making import make
from pgfleet.repair.model import LeftToPerson, Repair, Way


def choose_repair(
    difference: Difference,
    expected: ExpectedCatalog,
    holders: Collection[Holder] = (),
    *,
    is_pending: bool = False,
) -> Repair:
    """The repair of one difference of a tenant; `holders` are those who have the names that its objects need.

    A migration that is pending, or left no trace on an object that is there, is simply run; otherwise a rerun is chosen
    only where it is proven to bring back such an object. A missing table is never made by statements: its rows are
    gone, and somebody must know.
    """
    if difference.actual is None and (obstacle := _in_the_way(difference.expected, expected, holders)):
        return Repair(way=Way.BY_HAND, reason=_explained(obstacle, difference))
    was_never_run = is_pending or (difference.change is Change.CHANGED and difference.untouched)
    if was_never_run or expected.reruns.heals(difference.identity, difference.change):
        return Repair(way=Way.RERUN, version=difference.version)
    try:
        statements = tuple(make(difference, expected))
    except LeftToPerson as reason:
        return Repair(way=Way.BY_HAND, reason=str(reason))
    return Repair(way=Way.SQL, statements=statements, reason=None if statements else "it comes with its column")


def _in_the_way(wanted: CatalogObject, expected: ExpectedCatalog, holders: Collection[Holder]) -> Holder | None:
    """Who has a name that the missing object needs, or one that what falls with it needs.

    A table that was renamed keeps its indexes, and they their names: what is made anew cannot have them.
    """
    held = {each.place: each for each in holders}
    names = (name for each in (wanted, *_children(wanted, expected)) if (name := each.relation_name))
    return next((held[name] for name in names if name in held), None)


def _children(wanted: CatalogObject, expected: ExpectedCatalog) -> Iterator[CatalogObject]:
    found = (each.object for each in expected.provenances)
    return (each for each in found if each.parent_place == wanted.place and each.relation_name)


def _explained(obstacle: Holder, difference: Difference) -> str:
    on_table = f", which is on {obstacle.table}," if obstacle.table else ""
    renamed = " (was the table renamed?)" if obstacle.table and difference.expected.parent is None else ""
    return f"{obstacle.kind} {obstacle.name}{on_table} has the name that is needed{renamed}: rename or drop it first"
