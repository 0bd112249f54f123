"""How the differences of a tenant are fixed together: what depends on an object is repaired with it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from pgfleet.catalog.differences import Difference
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import CatalogObject, Change, ObjectKind, OccupiedName
from pgfleet.catalog.repair_facts import NO_FACTS, Dependent, Facts, RepairFacts
from pgfleet.repair.dependencies import Place, find_missing_dependents, relations_read
from pgfleet.repair.generate.sequences import owner
from pgfleet.repair.generate.statements import is_made_with_column
from pgfleet.repair.model import Hazard, Repair, Strategy, by_hand
from pgfleet.repair.names import is_named_in, part_of, quoted
from pgfleet.repair.strategy import WITH_COLUMN, as_lost_column, choose_repair, is_lost_table
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
        if each.version not in pending and _is_lost_column(each, differences, expected, recorded, facts)
    ]
    rerun = [each for each in columns if expected.reapplicable.restores(each.identity, each.change)]
    sequences = [*_lost_sequences(differences, pending)]
    lost = {each.version for each in (*gone, *sequences, *_defaults_of(sequences, differences))}
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
    chosen = _with_lost_columns(differences, chosen, columns, expected, unexpected)
    chosen = _with_unfixed_views(differences, _with_unfixed_columns(differences, chosen))
    manual = [each for each, repair in zip(differences, chosen, strict=True) if repair.strategy is Strategy.BY_HAND]
    first = [*gone, *(each for each in sequences if each in manual)]
    chosen = [_with_lost_relation(each, repair, first) for each, repair in zip(differences, chosen, strict=True)]
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


def _lost_sequences(differences: Sequence[Difference], pending: Collection[str]) -> Iterator[Difference]:
    """The missing sequences, unless the table or the column that owns them is missing with its values."""
    missing = [each.expected for each in differences if each.actual is None]
    tables = {each.place for each in missing}
    columns = {(each.parent_place, part_of(each)) for each in missing if each.identity.kind is ObjectKind.COLUMN}
    for each in differences:
        if each.identity.kind is ObjectKind.SEQUENCE and each.expected in missing and each.version not in pending:
            place = each.expected.parent_place
            if place is None or (place not in tables and (place, owner(each.expected)[1]) not in columns):
                yield each


def _defaults_of(sequences: Sequence[Difference], differences: Sequence[Difference]) -> Iterator[Difference]:
    """The columns whose defaults name one of the missing sequences, so that they are fixed after it."""
    names = [quoted(each.identity.name) for each in sequences]
    for each in differences:
        is_column = each.identity.kind is ObjectKind.COLUMN
        if is_column and any(is_named_in(str(each.expected.attributes["default"]), name) for name in names):
            yield each


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


def _with_lost_relation(difference: Difference, repair: Repair, lost: Sequence[Difference]) -> Repair:
    """The repair, or a manual one if the object is on, or names, a table or sequence that must be restored first."""
    if repair.strategy is Strategy.BY_HAND:
        return repair
    texts = (difference.expected.definition, *(each.text for each in repair.statements))
    for relation in (each.identity for each in lost):
        is_on_it = difference.expected.parent_place == (relation.schema, relation.name)
        if is_on_it or any(is_named_in(each, quoted(relation.name)) for each in texts):
            return by_hand(f"{relation.kind} {relation.name} must be restored first")
    return repair


def _is_lost_column(
    difference: Difference,
    others: Sequence[Difference],
    expected: ExpectedCatalog,
    recorded: Collection[str],
    facts: Facts = NOTHING_KNOWN,
) -> bool:
    """Whether it is a column that existed, as a ledger says, and whose values the table's rows have lost.

    The values of a generated column are computed again. A column of a lost table is restored with that.
    """
    wanted = difference.expected
    if (wanted.identity.kind, difference.change) != (ObjectKind.COLUMN, Change.MISSING):
        return False
    makers = {step.version for step in expected.by_identity[wanted.identity].steps}
    is_with_table = any(is_lost_table(each) and each.expected.place == wanted.parent_place for each in others)
    has_values = facts.get(wanted.identity, NO_FACTS).has_rows and not wanted.attributes["generated"]
    return bool(makers & {*recorded}) and has_values and not is_with_table


def _with_lost_columns(
    differences: Sequence[Difference],
    chosen: Sequence[Repair],
    lost: Sequence[Difference],
    expected: ExpectedCatalog,
    unexpected: Collection[CatalogObject],
) -> list[Repair]:
    """The repairs; manual ones of the `lost` columns, and of what needs one of these."""
    found = [*chosen]
    differing = {each.identity for each in differences}
    for column in lost:
        reason = f"column {column.identity.name} must be restored first"
        dependents = {each.identity for each in find_missing_dependents(column.expected, expected, differing)}
        for n, each in enumerate(differences):
            if each == column:
                added = _with_own_sequence(each, found[n], zip(differences, chosen, strict=True))
                found[n] = as_lost_column(each, added, may_be_renamed=_may_be_renamed(each, unexpected))
            elif each.identity in dependents or _needs_column(each, found[n], column, expected):
                found[n] = found[n] if found[n].strategy is Strategy.BY_HAND else by_hand(reason)
    return found


def _with_own_sequence(column: Difference, repair: Repair, chosen: Iterable[tuple[Difference, Repair]]) -> Repair:
    """The repair of a missing column, with the statements that make the sequence that it owned."""
    if repair.strategy is not Strategy.SQL:
        return repair
    place, part = column.expected.parent_place, part_of(column.expected)
    made = [
        statement
        for each, its in chosen
        if each.identity.kind is ObjectKind.SEQUENCE and each.actual is None and each.expected.parent_place == place
        for statement in its.statements
        if owner(each.expected)[1] == part
    ]
    return replace(repair, statements=(*made, *repair.statements))


def _needs_column(difference: Difference, repair: Repair, column: Difference, expected: ExpectedCatalog) -> bool:
    """Whether the object belongs to the column, or its text names it: that of the same table, or with the table."""
    wanted, lost = difference.expected, column.expected
    if wanted.identity == lost.identity:
        return False
    if wanted.parent_place == lost.place or is_made_with_column(difference, [column], expected):
        return True
    texts = (wanted.definition, *(each.text for each in repair.statements))
    is_beside, table = wanted.parent_place == lost.parent_place, quoted(lost.parent or "")
    return any(is_named_in(each, part_of(lost)) and (is_beside or is_named_in(each, table)) for each in texts)


def _may_be_renamed(difference: Difference, unexpected: Collection[CatalogObject]) -> bool:
    """Whether the table has an unexpected column of the missing one's type."""
    wanted = difference.expected
    return any(
        (each.identity.kind, each.parent_place) == (ObjectKind.COLUMN, wanted.parent_place)
        and each.attributes.get("type") == wanted.attributes["type"]
        for each in unexpected
    )


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
