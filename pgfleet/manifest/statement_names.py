"""What a statement names: tables, functions, operators."""

import re
from functools import lru_cache
from typing import Any

import pglast
from pglast.visitors import Visitor

CALL = re.compile(r"([^\W\d][\w$]*)\"?\s*\(")
OPERATOR = re.compile(r"[-+*/<>=~!@#%^&|`?]+")
IMPLIED_OPERATORS = frozenset({"=", "<>", "<", ">", "<=", ">=", "~~", "!~~", "~~*", "!~~*"})
"""Operators that keywords stand for: IN, CASE, BETWEEN, LIKE, USING and so on (PostgreSQL sources, gram.y)."""


@lru_cache(maxsize=1024)
def functions_of(sql: str) -> frozenset[str]:
    """The names of all functions that the text may call, in bodies and comments too, in lower case."""
    return frozenset(each.lower() for each in CALL.findall(sql))


@lru_cache(maxsize=1024)
def operators_of(sql: str) -> frozenset[str]:
    """The names of all operators that the text may use, in bodies and comments too."""
    return frozenset(OPERATOR.findall(sql)) | IMPLIED_OPERATORS


@lru_cache(maxsize=1024)
def tables_of(sql: str) -> frozenset[str]:
    """The quoted names of the relations that the statements read or write, as they name them.

    Without common table expressions. Empty for a text that is not SQL, which the server rejects.
    """
    try:
        statements = pglast.parse_sql(sql)
    except pglast.parser.ParseError:
        return frozenset()
    found = _Tables()
    found(statements)
    return frozenset(found.names - found.expressions)


class _Tables(Visitor):
    """Collects the names of relations, and of common table expressions."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.expressions: set[str] = set()

    def visit_RangeVar(self, _ancestors: object, node: Any) -> None:  # noqa: N802 (pglast's own name)
        self.names.add(".".join(map(_quoted, filter(None, (node.schemaname, node.relname)))))

    def visit_CommonTableExpr(self, _ancestors: object, node: Any) -> None:  # noqa: N802
        self.expressions.add(_quoted(node.ctename))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
