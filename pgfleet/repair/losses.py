"""What is lost with its rows or values, and the repairs of what must wait until a person has restored it."""

import shlex
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from pgfleet.catalog.differences import Difference
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import CatalogObject, Change, ObjectKind
from pgfleet.catalog.repair_facts import NO_FACTS, Facts
from pgfleet.repair.dependencies import find_missing_dependents
from pgfleet.repair.generate.sequences import owner
from pgfleet.repair.generate.statements import is_made_with_column
from pgfleet.repair.model import Repair, Strategy, by_hand
from pgfleet.repair.names import is_named_in, part_of, quoted


def is_lost_table(difference: Difference) -> bool:
    """Whether a table is missing; unless its migration is pending, its rows are missing with it."""
    return difference.identity.kind is ObjectKind.TABLE and difference.change is Change.MISSING


def is_lost(difference: Difference, repair: Repair) -> bool:
    """Whether the repair is left to a person because a table's rows, or a column's values, are lost."""
    if repair.strategy is not Strategy.BY_HAND:
        return False
    is_column = difference.identity.kind is ObjectKind.COLUMN and difference.actual is None
    return is_lost_table(difference) or (is_column and bool(repair.version or repair.statements))


def is_lost_column(
    difference: Difference,
    others: Sequence[Difference],
    expected: ExpectedCatalog,
    recorded: Collection[str],
    facts: Facts,
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


def find_lost_sequences(differences: Sequence[Difference], pending: Collection[str]) -> Iterator[Difference]:
    """The missing sequences, unless the table or the column that owns them is missing with its values."""
    missing = [each.expected for each in differences if each.actual is None]
    tables = {each.place for each in missing}
    columns = {(each.parent_place, part_of(each)) for each in missing if each.identity.kind is ObjectKind.COLUMN}
    for each in differences:
        if each.identity.kind is ObjectKind.SEQUENCE and each.expected in missing and each.version not in pending:
            place = each.expected.parent_place
            if place is None or (place not in tables and (place, owner(each.expected)[1]) not in columns):
                yield each


def columns_with_values_of(sequences: Sequence[Difference], differences: Sequence[Difference]) -> Iterator[Difference]:
    """The columns whose defaults name one of the missing sequences, so that they are fixed after it."""
    names = [quoted(each.identity.name) for each in sequences]
    for each in differences:
        is_column = each.identity.kind is ObjectKind.COLUMN
        if is_column and any(is_named_in(str(each.expected.attributes["default"]), name) for name in names):
            yield each


def with_lost_columns(
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
                found[n] = _as_lost_column(each, added, may_be_renamed=_may_be_renamed(each, unexpected))
            elif each.identity in dependents or _needs_column(each, found[n], column, expected):
                found[n] = found[n] if found[n].strategy is Strategy.BY_HAND else by_hand(reason)
    return found


def with_lost_relation(difference: Difference, repair: Repair, lost: Sequence[Difference]) -> Repair:
    """The repair, or a manual one if the object is on, or names, a table or sequence that must be restored first."""
    if repair.strategy is Strategy.BY_HAND:
        return repair
    texts = (difference.expected.definition, *(each.text for each in repair.statements))
    for relation in (each.identity for each in lost):
        is_on_it = difference.expected.parent_place == (relation.schema, relation.name)
        if is_on_it or any(is_named_in(each, quoted(relation.name)) for each in texts):
            return by_hand(f"{relation.kind} {relation.name} must be restored first")
    return repair


def _as_lost_column(difference: Difference, repair: Repair, *, may_be_renamed: bool) -> Repair:
    """The repair that would add a column without its values, left to a person, who can consent to it."""
    if repair.strategy is Strategy.BY_HAND:
        return repair
    name = shlex.quote(".".join(filter(None, difference.expected.place)))
    options = f"--recreate {name}" if repair.strategy is Strategy.RERUN else f"--repair --recreate {name}"
    renamed = " (was the column renamed?)" if may_be_renamed else ""
    reason = (
        f"its values are lost{renamed}: restore them from a backup, or add it without them with "
        f"pgfleet rollout ENV {options}"
    )
    return replace(repair, strategy=Strategy.BY_HAND, reason=reason)


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
