"""In which order views are created: those that others read come first."""

from collections.abc import Iterable, Mapping
from functools import cache

from pgfleet.catalog.objects import CatalogObject
from pgfleet.parser import ast
from pgfleet.parser.parse import nodes_in, parse_sql

Place = tuple[str | None, str]


def relations_read(view: CatalogObject) -> set[Place]:
    """The places of the tables and views in the view's query."""
    nodes = nodes_in(parse_sql(str(view.attributes["query"])))
    return {(each.schemaname, each.relname) for each in nodes if isinstance(each, ast.RangeVar)}


def depths(views: Iterable[CatalogObject]) -> Mapping[Place, int]:
    """How many of these views, at most, a view reads through each other; by its place."""
    by_place = {each.place: each for each in views}
    if len(by_place) == 1:
        return dict.fromkeys(by_place, 0)

    @cache
    def depth(place: Place) -> int:
        read = relations_read(by_place[place]) & by_place.keys() - {place}
        return max((depth(each) + 1 for each in read), default=0)

    return {place: depth(place) for place in by_place}
