"""How a difference is fixed: by a rerun if proven, otherwise by statements, otherwise by a person."""

import shlex
from collections.abc import Collection, Iterator

from pgfleet.catalog.differences import Difference
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import CatalogObject, ObjectKind, OccupiedName
from pgfleet.catalog.repair_facts import NO_FACTS, RepairFacts
from pgfleet.repair.generate import functions, views
from pgfleet.repair.generate.statements import generate_statements
from pgfleet.repair.losses import is_lost, is_lost_table
from pgfleet.repair.model import ManualRepairNeeded, Repair, Strategy, by_hand

WITH_COLUMN = Repair(strategy=Strategy.SQL, reason="fixed with its column")


def choose_repair(
    difference: Difference,
    expected: ExpectedCatalog,
    occupied_names: Collection[OccupiedName] = (),
    *,
    is_pending: bool = False,
    lost: Collection[str] = (),
    facts: RepairFacts = NO_FACTS,
    makes_other_views: bool = False,
) -> Repair:
    """The repair of one difference, regardless of others.

    A migration that is pending is run. Otherwise, a rerun is chosen only if it is proven to restore the object, and
    would not change other views (`makes_other_views`), change or lose rows once more, or re-create a table or column
    that one of the `lost` versions created. Nothing re-creates a lost table without consent, because its rows are gone
    and a person must know; its repair names the version that would.
    """
    if difference.actual is None and (obstacle := _find_name_conflict(difference.expected, expected, occupied_names)):
        return by_hand(_describe_name_conflict(obstacle, difference))
    if is_pending:
        return Repair(strategy=Strategy.RERUN, version=difference.version)
    is_restored = expected.reapplicable.restores(difference.identity, difference.change) and _is_replaced(difference)
    is_restored &= not makes_other_views
    if is_lost_table(difference):
        return _lost_table(difference, is_restored=is_restored)
    reruns = {difference.version} | expected.later_changers(difference.version)
    if is_restored and not reruns & {*lost, *expected.repeats}:
        return Repair(strategy=Strategy.RERUN, version=difference.version)
    try:
        statements = tuple(generate_statements(difference, expected, facts))
    except ManualRepairNeeded as reason:
        return by_hand(str(reason))
    return Repair(strategy=Strategy.SQL, statements=statements) if statements else WITH_COLUMN


def with_consent(difference: Difference, repair: Repair) -> Repair:
    """The repair of a lost object that may be made again without what it held."""
    if not is_lost(difference, repair) or not repair.statements:
        return repair
    return Repair(strategy=Strategy.SQL, statements=repair.statements)


def _lost_table(difference: Difference, *, is_restored: bool) -> Repair:
    name = ".".join(filter(None, difference.expected.place))
    consent = f", or create it empty with pgfleet rollout ENV --recreate {shlex.quote(name)}" if is_restored else ""
    return Repair(
        strategy=Strategy.BY_HAND,
        version=difference.version if is_restored else None,
        reason=f"its rows are lost: restore it from a backup{consent}",
    )


def _is_replaced(difference: Difference) -> bool:
    """Whether CREATE OR REPLACE, with which a rerun fixes a function or a view, fixes this difference too."""
    wanted, found = difference.expected, difference.actual
    if found is None:
        return True
    if wanted.identity.kind is ObjectKind.FUNCTION:
        return not functions.must_be_dropped(wanted, found)
    return wanted.identity.kind is not ObjectKind.VIEW or views.is_fixed_by_replacing(wanted, found)


def _find_name_conflict(
    wanted: CatalogObject, expected: ExpectedCatalog, occupied_names: Collection[OccupiedName]
) -> OccupiedName | None:
    """The relation that already has a name that the missing object or its parts need.

    A renamed table keeps its indexes and their names, which a new table cannot reuse.
    """
    occupied = {each.place: each for each in occupied_names}
    names = (name for each in (wanted, *_children(wanted, expected)) if (name := each.relation_name))
    return next((occupied[name] for name in names if name in occupied), None)


def _children(wanted: CatalogObject, expected: ExpectedCatalog) -> Iterator[CatalogObject]:
    return (each for each in expected.children.get(wanted.place, ()) if each.relation_name)


def _describe_name_conflict(obstacle: OccupiedName, difference: Difference) -> str:
    on_table = f" on {obstacle.table}" if obstacle.table else ""
    renamed = " (was the table renamed?)" if obstacle.table and difference.expected.parent is None else ""
    return f"{obstacle.kind} {obstacle.name}{on_table} already has the required name{renamed}: ask its owner about it"
