"""How the differences of a tenant are fixed together: what depends on an object is repaired with it."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from pgfleet.catalog.differences import Difference
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import CatalogObject, ObjectKind, OccupiedName
from pgfleet.catalog.repair_facts import NO_FACTS, Dependent, Facts, RepairFacts
from pgfleet.repair.dependencies import find_missing_dependents, relations_read
from pgfleet.repair.generate.statements import is_made_with_column
from pgfleet.repair.model import Hazard, Repair, Strategy, by_hand
from pgfleet.repair.names import is_named_in, part_of, quoted
from pgfleet.repair.strategy import WITH_COLUMN, choose_repair, is_lost_table

NOTHING_KNOWN: Facts = {}


def choose_repairs(
    differences: Sequence[Difference],
    expected: ExpectedCatalog,
    occupied_names: Collection[OccupiedName] = (),
    *,
    pending: Collection[str] = (),
    facts: Facts = NOTHING_KNOWN,
    unexpected: Collection[CatalogObject] = (),
) -> tuple[Repair, ...]:
    """The repairs of a tenant's differences; differences of `pending` versions are fixed by running these.

    `occupied_names` are the relations that have the names that the manifest's objects need; `facts` is what is known of
    the objects that must be dropped, among others, and `unexpected` is what exists besides them. What depends on an
    object that exists and is wrong is repaired with that object: created again with it, or left to a person with it.
    """
    lost = {each.version for each in differences if is_lost_table(each)} - {*pending}
    chosen = [
        choose_repair(
            each,
            expected,
            occupied_names,
            is_pending=each.version in pending,
            lost=lost,
            facts=_with_others(each, facts.get(each.identity, NO_FACTS), expected, differences),
            is_extended=_is_extended(each, unexpected),
        )
        for each in differences
    ]
    chosen = [
        WITH_COLUMN if repair.strategy is Strategy.SQL and is_made_with_column(each, differences, expected) else repair
        for each, repair in zip(differences, chosen, strict=True)
    ]
    chosen = [_with_other_key(each, repair, unexpected) for each, repair in zip(differences, chosen, strict=True)]
    chosen = _with_unfixed_views(differences, _with_unfixed_columns(differences, chosen))
    gone = [each for each in differences if is_lost_table(each) and each.version not in pending]
    chosen = [_with_lost_table(each, repair, gone) for each, repair in zip(differences, chosen, strict=True)]
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


def _with_lost_table(difference: Difference, repair: Repair, lost: Sequence[Difference]) -> Repair:
    """The repair, or a manual one if the object is on a table that must be restored first, or names it."""
    if repair.strategy is Strategy.BY_HAND:
        return repair
    texts = (difference.expected.definition, *(each.text for each in repair.statements))
    for table in (each.identity for each in lost):
        is_on_it = difference.expected.parent_place == (table.schema, table.name)
        if is_on_it or any(is_named_in(each, quoted(table.name)) for each in texts):
            return by_hand(f"table {table.name} must be restored first")
    return repair


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


def _is_extended(difference: Difference, unexpected: Collection[CatalogObject]) -> bool:
    """Whether it is a view of a table that has an unexpected column, which a script's `SELECT *` would find too."""
    wanted = difference.expected
    return wanted.identity.kind is ObjectKind.VIEW and any(
        each.identity.kind is ObjectKind.COLUMN and is_named_in(wanted.definition, quoted(each.parent or ""))
        for each in unexpected
    )
