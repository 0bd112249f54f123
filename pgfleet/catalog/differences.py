"""The differences between the expected catalog and a tenant's, each attributed to one migration."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pgfleet.catalog.expected import ExpectedCatalog, Provenance
from pgfleet.catalog.objects import Catalog, CatalogObject, Change, Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One object that is missing or changed; `untouched` says that the migration has left no trace on it at all."""

    version: str
    change: Change
    expected: CatalogObject
    actual: CatalogObject | None
    untouched: bool

    @property
    def identity(self) -> Identity:
        """Which object it is."""
        return self.expected.identity


def find_differences(expected: ExpectedCatalog, actual: Catalog) -> tuple[Difference, ...]:
    """Every managed object that is not as expected, in the order in which a person would put them right."""
    if actual.managed is None:
        return ()
    found = {each.identity: each for each in actual.managed}
    differences = (
        difference for each in expected.provenances for difference in _compare(each, found.get(each.object.identity))
    )
    return tuple(sorted(differences, key=_order))


def omit_implied(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    """The same, less what a missing object of the same migration takes with it: a table its columns, indexes …"""
    kept = tuple(differences)
    gone = {(each.version, each.expected.place) for each in kept if each.change is Change.MISSING}
    return tuple(each for each in kept if (each.version, each.expected.parent_place) not in gone)


def attributes_changed(difference: Difference) -> tuple[str, ...]:
    """The names of the attributes that differ, for a changed object."""
    if difference.actual is None:
        return ()
    wanted, found = difference.expected.attributes, difference.actual.attributes
    return tuple(name for name in sorted({*wanted, *found}) if _differs(name, wanted, found))


def _compare(provenance: Provenance, actual: CatalogObject | None) -> Iterable[Difference]:
    """One difference for each migration whose doing to this object is not to be seen.

    Missing: the maker's, and every later changer has nothing to work on either. As an earlier migration left it: the
    changes after that one are what is not there yet. Anything else: the last changer's work was altered.
    """
    wanted = provenance.object
    if actual is None:
        yield from (_difference(step.version, wanted, None, untouched=True) for step in provenance.steps)
    elif actual.attributes != wanted.attributes:
        reached = [n for n, step in enumerate(provenance.steps) if step.object.attributes == actual.attributes]
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


def _differs(name: str, wanted: Mapping[str, object], found: Mapping[str, object]) -> bool:
    return wanted.get(name) != found.get(name)
