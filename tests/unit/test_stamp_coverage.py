"""The stamps cover every catalog, and every column, that an inspection reads."""

import re
from collections.abc import Iterator

import pytest

from pgfleet.catalog.objects import ObjectKind
from pgfleet.manifest.catalog_queries import CATALOGS
from pgfleet.parser import ast
from pgfleet.parser.parse import nodes_in, parse_sql
from pgfleet.postgres.read.introspection import SCOPES
from pgfleet.run.shipped import sql_folder

INSPECTION = [f"introspection/{name}" for name in (*SCOPES, *ObjectKind, "home_path", "search_path", "summary")]
OBJECTS, DATABASE = STAMPS = ("introspection/objects_stamp", "introspection/database_stamp")
FILES = [*INSPECTION, "ledger/exists"]
BY_NAME = {"pg_collation", "pg_foreign_server", "pg_language", "pg_opclass"}
"""Only names are read, of what an object depends on; the stamp has them from pg_identify_object."""
FIXED = {"pg_foreign_table"}
"""The server of a foreign table cannot be changed."""
SCRATCH_ONLY = {"pg_init_privs"}
"""Read only in scratch databases, where everything is read."""
ELSEWHERE = {"attributes", "relhasrules"}
"""No column; and whether a table has rules, which are covered themselves."""
IMPLIED = {"relhassubclass"}
"""Whether it has children, which are covered themselves."""
FUNCTIONS = {
    "pg_get_constraintdef": {"pg_constraint", "pg_class", "pg_attribute", "pg_index"},
    "pg_get_expr": {"pg_attribute", "pg_class", "pg_proc"},
    "pg_get_function_arguments": {"pg_proc", "pg_type"},
    "pg_get_function_result": {"pg_proc", "pg_type"},
    "pg_get_function_sqlbody": {"pg_proc", "pg_class", "pg_attribute"},
    "pg_get_functiondef": {"pg_proc", "pg_type"},
    "pg_get_indexdef": {"pg_index", "pg_class", "pg_attribute", "pg_constraint"},
    "pg_get_partkeydef": {"pg_class", "pg_attribute"},  # the key itself cannot be changed
    "pg_get_ruledef": {"pg_rewrite", "pg_class", "pg_attribute"},
    "pg_get_triggerdef": {"pg_trigger", "pg_class", "pg_attribute", "pg_proc"},
    "pg_get_viewdef": {"pg_rewrite", "pg_class", "pg_attribute"},
}
"""What these functions read, besides the names of dependencies (PostgreSQL sources, ruleutils.c)."""


def parsed(name: str) -> Iterator[object]:
    text = (sql_folder() / f"{name}.sql").read_text(encoding="utf-8").replace("%%", "%")
    return nodes_in(parse_sql(re.sub(r"%\(\w+\)s", "NULL", text)))


def catalogs(name: str) -> set[str]:
    return {node.relname for node in parsed(name) if isinstance(node, ast.RangeVar) and node.schemaname == "pg_catalog"}


def columns(name: str) -> set[str]:
    """The columns of pg_class and pg_attribute, which have their prefixes."""
    found = (node.fields[-1] for node in parsed(name) if isinstance(node, ast.ColumnRef))
    return {each.sval for each in found if isinstance(each, ast.String) and re.match("rel|att", each.sval)}


def functions(name: str) -> set[str]:
    found = (node.funcname[-1].sval for node in parsed(name) if isinstance(node, ast.FuncCall))
    return {each for each in found if each.startswith("pg_get_")}


@pytest.mark.parametrize("stamp", STAMPS)
def test_every_catalog_is_covered(stamp: str) -> None:
    read = set[str]().union(*map(catalogs, FILES))
    by_name = BY_NAME if stamp == OBJECTS else set()
    assert read - catalogs(stamp) - by_name - FIXED - SCRATCH_ONLY == set()


@pytest.mark.parametrize("stamp", STAMPS)
def test_every_column_of_relations_is_covered(stamp: str) -> None:
    read = set[str]().union(*map(columns, FILES))
    assert read - columns(stamp) - ELSEWHERE - (IMPLIED if stamp == DATABASE else set()) == set()


@pytest.mark.parametrize("stamp", STAMPS)
def test_what_functions_read_is_covered(stamp: str) -> None:
    used = set[str]().union(*map(functions, FILES))
    assert used == set(FUNCTIONS)
    assert set[str]().union(*FUNCTIONS.values()) - catalogs(stamp) == set()


def test_the_stamp_of_a_database_covers_what_the_guard_reads() -> None:
    read = catalogs("introspection/guard") | catalogs("introspection/guard_closely")
    assert read - catalogs(DATABASE) == set()


def test_the_stamp_of_a_database_covers_the_catalogs_of_checks() -> None:
    views = {"pg_indexes", "pg_matviews", "pg_policies", "pg_tables", "pg_views"}
    assert CATALOGS - catalogs(DATABASE) == views
