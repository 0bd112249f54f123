"""How the differences of a tenant are fixed together: what depends on an object is repaired with it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from pgfleet.catalog.differences import Difference
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import CatalogObject, ObjectKind, OccupiedName
from pgfleet.catalog.repair_facts import NO_FACTS, Dependent, Facts, RepairFacts
from pgfleet.repair.dependencies import Place, find_missing_dependents, relations_read
from pgfleet.repair.generate.statements import is_made_with_column
from pgfleet.repair.losses import (
    columns_with_values_of,
    find_lost_sequences,
    is_lost_column,
    is_lost_table,
    with_lost_columns,
    with_lost_relation,
)
from pgfleet.repair.model import Hazard, Repair, Strategy, by_hand
from pgfleet.repair.names import is_named_in, part_of
from pgfleet.repair.strategy import WITH_COLUMN, choose_repair
from pgfleet.repair.views_again import find_extended, makes_other_views, reads_any

NOTHING_KNOWN: Facts = {}


def choose_repairs(
    differences: Sequence[Difference],
    expected: ExpectedCatalog,
    occupied_names: Collection[OccupiedName] = (),
    *,
    pending: Collection[str] = (),
    recorded: Collection[str] = (),
    facts: Facts = NOTHING_KNOWN,
    unexpected: Collection[CatalogObject] = (),
) -> tuple[Repair, ...]:
    """The repairs of a tenant's differences; differences of `pending` versions are fixed by running these.

    A missing column of a version that a ledger has `recorded` is lost with its values, if its table may have rows. What
    would make a missing sequence begin again is not run, because rows may have its values.
    `occupied_names` are the relations that have the names that the manifest's objects need; `facts` is what is known of
    the objects that must be dropped, among others, and `unexpected` is what exists besides them. What depends on an
    object that exists and is wrong is repaired with that object: created again with it, or left to a person with it.
    """
    gone = [each for each in differences if is_lost_table(each) and each.version not in pending]
    columns = [
        each
        for each in differences
        if each.version not in pending and is_lost_column(each, differences, expected, recorded, facts)
    ]
    rerun = [each for each in columns if expected.reapplicable.restores(each.identity, each.change)]
    sequences = [*find_lost_sequences(differences, pending)]
    lost = {each.version for each in (*gone, *sequences, *columns_with_values_of(sequences, differences))}
    lost_or_rerun = lost | {each.version for each in rerun}

    def choose(difference: Difference, changing_views: Collection[str]) -> Repair:
        return choose_repair(
            difference,
            expected,
            occupied_names,
            is_pending=difference.version in pending,
            lost=lost if difference in columns else lost_or_rerun,
            facts=_with_others(difference, facts.get(difference.identity, NO_FACTS), expected, differences),
            makes_other_views=difference.version in changing_views,
        )

    chosen = _choose_with_views(differences, expected, find_extended(differences, unexpected), choose)
    chosen = [
        WITH_COLUMN if repair.strategy is Strategy.SQL and is_made_with_column(each, differences, expected) else repair
        for each, repair in zip(differences, chosen, strict=True)
    ]
    chosen = [_with_other_key(each, repair, unexpected) for each, repair in zip(differences, chosen, strict=True)]
    chosen = with_lost_columns(differences, chosen, columns, expected, unexpected)
    chosen = _with_unfixed_views(differences, _with_unfixed_columns(differences, chosen))
    manual = [each for each, repair in zip(differences, chosen, strict=True) if repair.strategy is Strategy.BY_HAND]
    first = [*gone, *(each for each in sequences if each in manual)]
    chosen = [with_lost_relation(each, repair, first) for each, repair in zip(differences, chosen, strict=True)]
    pairs = zip(differences, chosen, strict=True)
    by_place: dict[tuple[str | None, str] | None, tuple[Difference, Repair]] = {
        each.expected.place: (each, repair)
        for each, repair in pairs
        if each.actual is not None or _is_made_view(each, repair)
    }
    return tuple(
        _with_parent(repair, by_place.get(each.expected.parent_place))
        for each, repair in zip(differences, chosen, strict=True)
    )


def _choose_with_views(
    differences: Sequence[Difference],
    expected: ExpectedCatalog,
    extended: Collection[Place],
    choose: Callable[[Difference, Collection[str]], Repair],
) -> list[Repair]:
    """The repair of each, which `choose` gets the versions for that must not be run again because of their views.

    A script is not run again if it would find the additional columns of `extended` relations, or before a
    missing view that one of its views reads is made in another way.
    """
    versions = {each.version for each in differences}
    changing_views = {each for each in versions if makes_other_views(each, extended, expected, differences)}
    while True:
        chosen = [choose(each, changing_views) for each in differences]
        pairs = zip(differences, chosen, strict=True)
        missing = [each for each, repair in pairs if _is_view(each) and repair.strategy is not Strategy.RERUN]
        too_early = {
            each
            for each in versions - changing_views
            if reads_any(each, [view.expected.place for view in missing if _is_awaited(view, each, expected)], expected)
        }
        if not too_early:
            return chosen
        changing_views |= too_early


def _is_awaited(view: Difference, version: str, expected: ExpectedCatalog) -> bool:
    """Whether the view is missing, and running the version again does not make it."""
    is_made = view.version == version and expected.reapplicable.restores(view.identity, view.change)
    return view.actual is None and not is_made


def _with_others(
    difference: Difference, facts: RepairFacts, expected: ExpectedCatalog, others: Sequence[Difference]
) -> RepairFacts:
    """The facts, with what else the repair of a column's type must drop first and make again.

    That is what will depend on it once it is no longer missing, and the conditions and indexes that differ with the
    type: with the expected one, the server may find no operator for what they compare the column with.
    """
    if not _is_retyped(difference):
        return facts
    missing = {each.identity for each in others if each.actual is None}
    coming = tuple(find_missing_dependents(difference.expected, expected, missing))
    wrong = tuple(
        Dependent(identity=each.identity, description=each.identity.name)
        for each in others
        if each.actual
        and each.expected.parent_place == difference.expected.parent_place
        and (
            each.identity.kind is ObjectKind.INDEX or str(each.actual.attributes.get("definition")).startswith("CHECK")
        )
        and is_named_in(each.actual.definition, part_of(difference.expected))
    )
    return replace(facts, dependents=(*facts.dependents, *coming, *wrong))


def _with_other_key(difference: Difference, repair: Repair, unexpected: Collection[CatalogObject]) -> Repair:
    """The repair, or a manual one of a primary key if the table has one of another name."""
    wanted = difference.expected
    if repair.strategy is not Strategy.SQL or difference.actual is not None or not _is_primary_key(wanted):
        return repair
    for each in unexpected:
        if _is_primary_key(each) and each.parent_place == wanted.parent_place:
            reason = f"the table has a primary key of another name, {part_of(each)}: ask its owner about it"
            return by_hand(reason)
    return repair


def _is_primary_key(found: CatalogObject) -> bool:
    is_constraint = found.identity.kind is ObjectKind.CONSTRAINT
    return is_constraint and str(found.attributes["definition"]).startswith("PRIMARY KEY")


def _with_unfixed_columns(differences: Sequence[Difference], chosen: Sequence[Repair]) -> list[Repair]:
    """The repairs; manual ones of what names a column of its table that a person must give another type first."""
    pairs = list(zip(differences, chosen, strict=True))
    unfixed = [each for each, repair in pairs if repair.strategy is Strategy.BY_HAND and _is_retyped(each)]
    return [_with_unfixed_column(each, repair, unfixed) for each, repair in pairs]


def _with_unfixed_column(difference: Difference, repair: Repair, unfixed: Sequence[Difference]) -> Repair:
    for each in unfixed if repair.strategy is Strategy.SQL else ():
        is_beside = each.expected.parent_place == difference.expected.parent_place
        if is_beside and each is not difference and is_named_in(difference.expected.definition, part_of(each.expected)):
            return by_hand(f"column {each.identity.name} must be fixed first")
    return repair


def _with_unfixed_views(differences: Sequence[Difference], chosen: Sequence[Repair]) -> list[Repair]:
    """The repairs; manual ones of views that read one that a person must fix first."""
    found, pairs = [*chosen], list(zip(differences, chosen, strict=True))
    unfixed = [each.expected for each, repair in pairs if _is_view(each) and repair.strategy is Strategy.BY_HAND]
    for view in unfixed:  # the list grows during the iteration
        for n, each in enumerate(differences):
            if found[n].strategy is Strategy.SQL and _is_view(each) and view.place in relations_read(each.expected):
                reason = f"view {view.identity.name} must be fixed first"
                found[n] = by_hand(reason)
                unfixed.append(each.expected)
    return found


def _is_view(difference: Difference) -> bool:
    return difference.identity.kind is ObjectKind.VIEW


def _is_retyped(difference: Difference) -> bool:
    wanted, found = difference.expected, difference.actual
    is_column = wanted.identity.kind is ObjectKind.COLUMN
    return is_column and found is not None and wanted.attributes["type"] != found.attributes["type"]


def _is_made_view(difference: Difference, repair: Repair) -> bool:
    """Whether statements make a missing view, and what belongs to it."""
    return _is_view(difference) and repair.strategy is Strategy.SQL


def _with_parent(repair: Repair, parent: tuple[Difference, Repair] | None) -> Repair:
    if parent is None:
        return repair
    difference, its_repair = parent
    name = f"{difference.identity.kind} {difference.identity.name}"
    if its_repair.strategy is Strategy.BY_HAND:
        return by_hand(f"{name} must be fixed first")
    is_column = difference.identity.kind is ObjectKind.COLUMN  # its repair re-creates the views on it, not its parts
    is_made = Hazard.LOSES_GRANTS in its_repair.hazards or difference.actual is None
    if is_made and not is_column:
        return Repair(strategy=Strategy.SQL, reason=f"re-created with {name}")
    return repair
