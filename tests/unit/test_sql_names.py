"""The engine's own queries name only what is the server's own, wherever the search path leads."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pglast
import pytest
from pglast.visitors import Visitor

from pgfleet.postgres.read.introspection import SCOPES
from pgfleet.run.shipped import sql_folder

FOLDERS = ("introspection", "inventory", "ledger")
FILES = sorted(f"{folder}/{path.stem}" for folder in FOLDERS for path in (sql_folder() / folder).glob("*.sql"))
COMPOSED = {*SCOPES, "home_path", "objects"}
"""Common table expressions of the catalog query, which is composed of several files."""
VALUES = (("{query}", "SELECT 1"), ("{table}", "pg_catalog.pg_class"), ("{key}", "1"), ("%%", "%"))


class Names(Visitor):
    """Collects unqualified names of functions and relations."""

    def __init__(self) -> None:
        super().__init__()
        self.functions: set[str] = set()
        self.relations: set[str] = set()
        self.expressions: set[str] = set()

    def visit_FuncCall(self, _ancestors: object, node: Any) -> None:  # noqa: N802
        if len(node.funcname) == 1:
            self.functions.add(node.funcname[0].sval)

    def visit_RangeVar(self, _ancestors: object, node: Any) -> None:  # noqa: N802
        if not node.schemaname:
            self.relations.add(node.relname)

    def visit_CommonTableExpr(self, _ancestors: object, node: Any) -> None:  # noqa: N802
        self.expressions.add(node.ctename)


def text_of(name: str) -> str:
    text = (sql_folder() / f"{name}.sql").read_text(encoding="utf-8")
    for placeholder, value in VALUES:
        text = text.replace(placeholder, value)
    return re.sub(r"%\(\w+\)s", "NULL", text)


def bodies(text: str) -> Iterator[str]:
    """The statements and expressions in the bodies of DO blocks and functions in PL/pgSQL."""
    found = re.findall(r"(DO|FUNCTION[^$]*AS) (\$\w*\$)(.*?)\2", text, re.DOTALL)
    for _, _, body in found:
        header = "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS"
        parsed = pglast.parse_plpgsql(f"{header} $body${body.replace('RETURN NEW;', '')}$body$")
        yield from re.findall(r'"query": ("(?:[^"\\]|\\.)*")', json.dumps(parsed))


def as_statement(query: str) -> str:
    """An expression or an assignment of PL/pgSQL, as a statement."""
    text = re.sub(r"^\w+ := ", "", query)
    return text if re.match(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE|CREATE|COMMENT)\b", text) else f"SELECT {text}"


@pytest.mark.parametrize("name", FILES)
def test_every_function_and_relation_is_qualified(name: str) -> None:
    text, names = text_of(name), Names()
    names(pglast.parse_sql(text))
    for each in bodies(text):
        names(pglast.parse_sql(as_statement(json.loads(each))))
    assert names.functions == set()
    assert names.relations - names.expressions - COMPOSED == set()
