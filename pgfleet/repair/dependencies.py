"""What views read, and what depends on a column: from the text of the expected definitions."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache, lru_cache

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import CatalogObject, Identity, ObjectKind
from pgfleet.catalog.repair_facts import Dependent
from pgfleet.parser import ast
from pgfleet.parser.parse import nodes_in, parse_sql
from pgfleet.repair.names import is_named_in, part_of

Place = tuple[str | None, str]
ON_TABLE = frozenset({ObjectKind.TRIGGER, ObjectKind.POLICY})


def relations_read(view: CatalogObject) -> frozenset[Place]:
    """The places of the tables and views in the view's query."""
    return _relations_in(str(view.attributes["query"]))


@lru_cache(maxsize=10_000)
def _relations_in(query: str) -> frozenset[Place]:
    nodes = nodes_in(parse_sql(query))
    return frozenset((each.schemaname, each.relname) for each in nodes if isinstance(each, ast.RangeVar))


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


def find_missing_dependents(
    column: CatalogObject, expected: ExpectedCatalog, missing: Collection[Identity]
) -> Iterator[Dependent]:
    """The expected views, triggers, and policies among the `missing` objects that read the column.

    Found in the text of their definitions, where a column may be unqualified, so the result may contain one too many.
    """
    objects = [each.object for each in expected.provenances]
    views = [each for each in objects if each.identity.kind is ObjectKind.VIEW]
    name = column.identity.name.removeprefix(f"{column.parent}.")
    found = [each for each in views if column.parent_place in relations_read(each) and name in _columns(each)]
    for each in found:  # the list grows during the iteration
        found += [view for view in views if each.place in relations_read(view) and view not in found]
    beside = (each for each in objects if each.identity.kind in ON_TABLE and each.parent_place == column.parent_place)
    found += [each for each in beside if is_named_in(each.definition, part_of(column))]
    for each in found:
        if each.identity in missing:
            yield Dependent(identity=each.identity, description=each.identity.name)


def _columns(view: CatalogObject) -> set[str]:
    nodes = nodes_in(parse_sql(str(view.attributes["query"])))
    fields = (field for each in nodes if isinstance(each, ast.ColumnRef) for field in each.fields)
    return {each.sval for each in fields if isinstance(each, ast.String)}
