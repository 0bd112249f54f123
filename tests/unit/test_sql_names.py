"""The engine's own queries name only what is the server's own, wherever the search path leads."""

import json
import re
from collections.abc import Iterator

import pytest

from pgfleet.parser import ast
from pgfleet.parser.parse import nodes_in, parse_plpgsql, parse_sql
from pgfleet.postgres.read.introspection import SCOPES
from pgfleet.run.shipped import sql_folder

FOLDERS = ("introspection", "inventory", "ledger")
FILES = sorted(f"{folder}/{path.stem}" for folder in FOLDERS for path in (sql_folder() / folder).glob("*.sql"))
COMPOSED = {*SCOPES, "home_path", "objects"}
"""Common table expressions of the catalog query, which is composed of several files."""
VALUES = (("{query}", "SELECT 1"), ("{table}", "pg_catalog.pg_class"), ("{key}", "1"), ("%%", "%"))


class Names:
    """Collects unqualified names of functions and relations."""

    def __init__(self) -> None:
        self.functions: set[str] = set()
        self.relations: set[str] = set()
        self.expressions: set[str] = set()

    def read(self, sql: str) -> None:
        for node in nodes_in(parse_sql(sql)):
            match node:
                case ast.FuncCall(funcname=(only,)):
                    self.functions.add(only.sval)
                case ast.RangeVar(schemaname=None):
                    self.relations.add(node.relname)
                case ast.CommonTableExpr():
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
        parsed = parse_plpgsql(f"{header} $body${body.replace('RETURN NEW;', '')}$body$")
        yield from re.findall(r'"query": ("(?:[^"\\]|\\.)*")', json.dumps(parsed))


def as_statement(query: str) -> str:
    """An expression or an assignment of PL/pgSQL, as a statement."""
    text = re.sub(r"^\w+ := ", "", query)
    return text if re.match(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE|CREATE|COMMENT)\b", text) else f"SELECT {text}"


@pytest.mark.parametrize("name", FILES)
def test_every_function_and_relation_is_qualified(name: str) -> None:
    text, names = text_of(name), Names()
    names.read(text)
    for each in bodies(text):
        names.read(as_statement(json.loads(each)))
    assert names.functions == set()
    assert names.relations - names.expressions - COMPOSED == set()
