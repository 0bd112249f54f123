"""Which views read a column: they must be dropped before its type can change, and re-created afterwards."""

from collections.abc import Iterator

import pglast
from pglast import ast, visitors

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import CatalogObject, ObjectKind

Place = tuple[str | None, str]


def views_reading(column: CatalogObject, expected: ExpectedCatalog) -> tuple[CatalogObject, ...]:
    """The views that read the column, directly or through another view, in dependency order.

    Found in the text of their queries, where a column may be unqualified, so the result may contain a view too many.
    """
    views = [each.object for each in expected.provenances if each.object.identity.kind is ObjectKind.VIEW]
    name = column.identity.name.removeprefix(f"{column.parent}.")
    found = [each for each in views if column.parent_place in _relations(each) and name in _columns(each)]
    for each in found:  # the list grows during the iteration
        found += [view for view in views if each.place in _relations(view) and view not in found]
    return tuple(found)


class _Names(visitors.Visitor):
    """The relations and columns that a query names."""

    def __init__(self) -> None:
        self.relations: set[Place] = set()
        self.columns: set[str] = set()

    def visit_RangeVar(self, _ancestors: object, node: ast.RangeVar) -> None:  # noqa: N802 (pglast's)
        self.relations.add((node.schemaname, node.relname or ""))

    def visit_ColumnRef(self, _ancestors: object, node: ast.ColumnRef) -> None:  # noqa: N802 (pglast's)
        self.columns.update(_texts(node))


def _texts(node: ast.ColumnRef) -> Iterator[str]:
    return (each.sval or "" for each in node.fields or () if isinstance(each, ast.String))


def _names(view: CatalogObject) -> _Names:
    names = _Names()
    names(pglast.parse_sql(str(view.attributes["query"])))
    return names


def _relations(view: CatalogObject) -> set[Place]:
    return _names(view).relations


def _columns(view: CatalogObject) -> set[str]:
    return _names(view).columns
