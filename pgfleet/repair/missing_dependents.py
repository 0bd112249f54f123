"""What will depend on a column once a rerun has made it: it must be dropped again before the column's type changes."""

import re
from collections.abc import Collection, Iterator

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import CatalogObject, Identity, ObjectKind
from pgfleet.catalog.repair_facts import Dependent
from pgfleet.parser import ast
from pgfleet.parser.parse import nodes_in, parse_sql
from pgfleet.repair.names import part_of
from pgfleet.repair.view_order import relations_read

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
    found = [each for each in views if column.parent_place in relations_read(each) and name in _columns(each)]
    for each in found:  # the list grows during the iteration
        found += [view for view in views if each.place in relations_read(view) and view not in found]
    beside = (each for each in objects if each.identity.kind in ON_TABLE and each.parent_place == column.parent_place)
    found += [each for each in beside if named.search(each.definition)]
    for each in found:
        if each.identity in missing:
            yield Dependent(identity=each.identity, description=each.identity.name)


def _columns(view: CatalogObject) -> set[str]:
    nodes = nodes_in(parse_sql(str(view.attributes["query"])))
    fields = (field for each in nodes if isinstance(each, ast.ColumnRef) for field in each.fields)
    return {each.sval for each in fields if isinstance(each, ast.String)}
