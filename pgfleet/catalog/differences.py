"""The differences between the expected catalog and a tenant's catalog, each attributed to one migration."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from pgfleet.catalog.expected import ExpectedCatalog, Provenance
from pgfleet.catalog.history import is_same
from pgfleet.catalog.objects import CatalogObject, Change, Identity, ObjectKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One missing or changed object; `untouched` means that the object shows no effect of the migration."""

    version: str
    change: Change
    expected: CatalogObject
    actual: CatalogObject | None
    untouched: bool

    @property
    def identity(self) -> Identity:
        """The object's identity."""
        return self.expected.identity


def find_differences(expected: ExpectedCatalog, found: Mapping[Identity, CatalogObject]) -> tuple[Difference, ...]:
    """Every expected object that is missing or changed among the objects found, in the order of their kinds."""
    differences = (each for name, one in expected.by_identity.items() for each in _compare(one, found.get(name)))
    return tuple(sorted(differences, key=_order))


def find_pending(
    whole: ExpectedCatalog, applied: Collection[str], found: Mapping[Identity, CatalogObject]
) -> tuple[Difference, ...]:
    """What the migrations that are not among `applied` have still to create or change, in the order of the kinds."""
    differences = (each for name, one in whole.by_identity.items() for each in _compare(one, found.get(name)))
    return tuple(sorted((each for each in differences if each.untouched and each.version not in applied), key=_order))


def omit_implied(differences: Iterable[Difference], expected: ExpectedCatalog) -> tuple[Difference, ...]:
    """The differences without those implied by others.

    A missing table implies those of its columns, if the same migration made them; a column or constraint of a table
    implies that of the tables that inherit it; a type implies those of the columns of views.
    """
    kept = tuple(differences)
    gone = {(each.version, each.expected.place) for each in kept if each.change is Change.MISSING}
    explicit = [each for each in kept if (each.version, each.expected.parent_place) not in gone]
    return tuple(each for each in explicit if not is_implied(each, kept, expected))


def is_implied(difference: Difference, others: Iterable[Difference], expected: ExpectedCatalog) -> bool:
    """Whether one of the others, which is about something that exists, goes with the same repair."""
    return _is_of_retyped_column(difference, others) or _is_inherited(difference, others, expected)


def _is_of_retyped_column(difference: Difference, others: Iterable[Difference]) -> bool:
    """Whether only the types of a view's columns differ, and those of a table or function do too."""
    wanted, found = difference.expected, difference.actual
    if found is None or wanted.identity.kind is not ObjectKind.VIEW:
        return False
    if {name for name, _ in _changes(difference)} != {"columns"} or wanted.definition != found.definition:
        return False
    return any({"type", "returns"} & {name for name, _ in _changes(each)} for each in others)


def _is_inherited(difference: Difference, others: Iterable[Difference], expected: ExpectedCatalog) -> bool:
    """Whether one of the others is the same difference of a table that the object's table inherits from."""
    place = difference.expected.parent_place
    ancestors = expected.ancestors.get(place, frozenset()) if place else frozenset()
    return bool(ancestors) and any(
        each.expected.parent_place in ancestors
        and (each.identity.kind, each.expected.part) == (difference.identity.kind, difference.expected.part)
        and each.change is difference.change
        and _changes(difference) <= _changes(each)
        for each in others
    )


def _changes(difference: Difference) -> set[tuple[str, str]]:
    """The attributes that differ, with the values found."""
    if difference.actual is None:
        return set()
    wanted, found = difference.expected.attributes, difference.actual.attributes
    return {(name, repr(value)) for name, value in found.items() if wanted.get(name) != value}


def _compare(provenance: Provenance, actual: CatalogObject | None) -> Iterable[Difference]:
    """One difference for each migration whose effect on this object is absent.

    A missing object is attributed to every migration that created or changed it. An object in the state of an earlier
    migration is attributed to the migrations after that one. Any other change is attributed to the last migration.
    """
    wanted = provenance.object
    if actual is None:
        yield from (_difference(step.version, wanted, None, untouched=True) for step in provenance.steps)
    elif not is_same(actual, wanted):
        reached = [n for n, step in enumerate(provenance.steps) if is_same(step.object, actual)]
        if reached:
            later = provenance.steps[reached[-1] + 1 :]
            yield from (_difference(step.version, wanted, actual, untouched=True) for step in later)
        else:
            yield _difference(provenance.steps[-1].version, wanted, actual, untouched=False)


def _difference(version: str, wanted: CatalogObject, actual: CatalogObject | None, *, untouched: bool) -> Difference:
    change = Change.MISSING if actual is None else Change.CHANGED
    return Difference(version=version, change=change, expected=wanted, actual=actual, untouched=untouched)


def _order(difference: Difference) -> tuple[int, str, str]:
    identity = difference.identity
    return list(type(identity.kind)).index(identity.kind), identity.schema or "", identity.name
