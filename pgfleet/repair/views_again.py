"""Which scripts, run again, would not make their views as expected: because of a tenant's own columns, or too early."""

import re
from collections.abc import Collection, Iterable, Iterator

from pgfleet.catalog.differences import Difference
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import CatalogObject, ObjectKind
from pgfleet.repair.dependencies import Place, relations_read
from pgfleet.repair.names import is_named_in, part_of

NAME = re.compile(r'"(?:[^"]|"")+"|[^" ]+')


def find_extended(differences: Iterable[Difference], unexpected: Iterable[CatalogObject]) -> frozenset[Place]:
    """The places of tables with unexpected columns, and of views with more columns than expected."""
    tables = {each.parent_place for each in unexpected if each.identity.kind is ObjectKind.COLUMN}
    views = {
        each.expected.place
        for each in differences
        if each.identity.kind is ObjectKind.VIEW
        and each.actual
        and {*_columns(each.actual)} - {*_columns(each.expected)}
    }
    return frozenset(filter(None, tables)) | views


def makes_other_views(
    version: str, extended: Collection[Place], expected: ExpectedCatalog, differences: Iterable[Difference]
) -> bool:
    """Whether running the version again, with later ones that it undoes, may give a view more columns than expected.

    `SELECT *` from one of the `extended` relations finds its additional columns too. The scripts replace all of their
    views, also those that are as expected, except for materialized ones.
    """
    if not extended:
        return False
    missing = {each.identity for each in differences if each.actual is None}
    views = [
        each for each in _views_of(version, expected) if each.identity in missing or not each.attributes["materialized"]
    ]
    return any(_names_all(view, each, expected) for view in views for each in relations_read(view) & {*extended})


def reads_any(version: str, relations: Collection[Place], expected: ExpectedCatalog) -> bool:
    """Whether a view that running the version again replaces reads one of the relations."""
    views = _views_of(version, expected) if relations else ()
    return any(relations_read(view) & {*relations} for view in views)


def _views_of(version: str, expected: ExpectedCatalog) -> Iterator[CatalogObject]:
    """The views that the version makes, and those of the later ones that are run again after it."""
    reruns = {version} | expected.later_changers(version)
    for each in expected.provenances:
        if each.object.identity.kind is ObjectKind.VIEW and reruns & {step.version for step in each.steps}:
            yield each.object


def _names_all(view: CatalogObject, place: Place, expected: ExpectedCatalog) -> bool:
    """Whether the view's query names all expected columns of a relation, as it does after `SELECT *`."""
    return all(is_named_in(str(view.attributes["query"]), each) for each in _expected_columns(place, expected))


def _expected_columns(place: Place, expected: ExpectedCatalog) -> Iterator[str]:
    """The quoted names of a table's or view's expected columns."""
    for each in expected.children.get(place, ()):
        if each.identity.kind is ObjectKind.COLUMN:
            yield part_of(each)
    for each in expected.objects.values():
        if each.place == place and each.identity.kind is ObjectKind.VIEW:
            yield from _columns(each)


def _columns(view: CatalogObject) -> Iterator[str]:
    """The quoted names of a view's columns; their types and defaults follow them."""
    return (found[0] for each in view.attributes["columns"] or () if (found := NAME.match(each)))
