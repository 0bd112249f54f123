"""What will depend on a column once a rerun has made it: it must be dropped again before the column's type changes."""

import re
from collections.abc import Collection, Iterator

import pglast
from pglast import ast, visitors

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import CatalogObject, Identity, ObjectKind
from pgfleet.catalog.repair_facts import Dependent
from pgfleet.repair.names import part_of

Place = tuple[str | None, str]
ON_TABLE = frozenset({ObjectKind.TRIGGER, ObjectKind.POLICY})


def find_missing_dependents(
    column: CatalogObject, expected: ExpectedCatalog, missing: Collection[Identity]
) -> Iterator[Dependent]:
    """The expected views, triggers, and policies among the `missing` objects that read the column.

    Found in the text of their definitions, where a column may be unqualified, so the result may contain one too many.
    """
    named = re.compile(rf'(?<![\w"]){re.escape(part_of(column))}(?![\w"])')
    objects = [each.object for each in expected.provenances]
    views = [each for each in objects if each.identity.kind is ObjectKind.VIEW]
    name = column.identity.name.removeprefix(f"{column.parent}.")
    found = [each for each in views if column.parent_place in _relations(each) and name in _columns(each)]
    for each in found:  # the list grows during the iteration
        found += [view for view in views if each.place in _relations(view) and view not in found]
    beside = (each for each in objects if each.identity.kind in ON_TABLE and each.parent_place == column.parent_place)
    found += [each for each in beside if named.search(each.definition)]
    for each in found:
        if each.identity in missing:
            yield Dependent(identity=each.identity, description=each.identity.name)


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
