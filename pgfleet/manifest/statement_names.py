"""What statements name: relations, functions, operators."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pgfleet.parser import ast
from pgfleet.parser.parse import ParseError, parse_sql

NAME = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
WORD = re.compile(NAME)
CALL = re.compile(rf"(?:({NAME})\s*\.\s*)?({NAME})\s*\(")
OPERATOR = re.compile(r"[-+*/<>=~!@#%^&|`?]+")
PATH = re.compile(rf"{NAME}(?:\s*\.\s*{NAME})?")
IMPLIED_OPERATORS = frozenset({"=", "<>", "<", ">", "<=", ">=", "~~", "!~~", "~~*", "!~~*"})
"""Operators that keywords stand for: IN, CASE, BETWEEN, LIKE, USING and so on (PostgreSQL sources, gram.y)."""
TARGETS = (ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt)
"""Statements whose `relation` is never a common table expression."""
READING = (ast.SelectStmt, *TARGETS, ast.CopyStmt, ast.RefreshMatViewStmt)
"""Statements that read or write the rows of the relations that they name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Names in statements, in bodies and comments too, as the server reads them: without quotes, or in lower case."""

    calls: frozenset[str]
    """Functions called by their name alone, or with pg_catalog."""
    qualified_calls: frozenset[str]
    """Functions called with the name of another schema, without that name."""
    operators: frozenset[str]
    words: frozenset[str]


@lru_cache(maxsize=1024)
def names_in(sql: str) -> Names:
    """All names that the text may call or use."""
    calls = CALL.findall(sql)
    return Names(
        calls=_folded(name for schema, name in calls if schema.lower() in {"", "pg_catalog"}),
        qualified_calls=_folded(name for schema, name in calls if schema.lower() not in {"", "pg_catalog"}),
        operators=frozenset(OPERATOR.findall(sql)) | IMPLIED_OPERATORS,
        words=_folded(WORD.findall(sql)),
    )


@lru_cache(maxsize=1024)
def tables_of(sql: str) -> frozenset[str]:
    """The quoted names of the relations that the statements name, without common table expressions.

    Empty for a text that is not SQL, which the server rejects.
    """
    return frozenset(_relations(_parsed(sql), frozenset()))


@lru_cache(maxsize=1024)
def tables_read_by(script: str) -> frozenset[str]:
    """The quoted names of the relations whose rows the script's statements may read or write.

    In DO blocks, which are not parsed: every name that could be one. Empty for a text that is not SQL.
    """
    return frozenset(name for each in _parsed(script) for name in _read_by(each))


def path_of(title: str) -> tuple[str, ...]:
    """The schema, if there is one, and the name in a quoted name."""
    return tuple(map(_unquoted, WORD.findall(title)))


def _parsed(sql: str) -> tuple[Any, ...]:
    try:
        return tuple(raw.stmt for raw in parse_sql(sql))
    except ParseError:
        return ()


def _read_by(node: Any) -> Iterator[str]:
    if isinstance(node, ast.DoStmt):
        bodies = (each.arg.sval or "" for each in node.args or () if isinstance(each.arg, ast.String))
        yield from (_requoted(path) for body in bodies for path in PATH.findall(body))
    elif isinstance(node, READING):
        yield from _relations(node, frozenset())
    elif isinstance(node, ast.CreateTableAsStmt):
        yield from _relations(node.query, frozenset())


def _relations(node: Any, expressions: frozenset[str]) -> Iterator[str]:
    """The relations below the node, where these common table expressions are visible.

    An expression is visible in the statement that it belongs to and in the later ones of its WITH clause; in all of
    them with RECURSIVE (PostgreSQL manual, SELECT).
    """
    if isinstance(node, tuple):
        for each in node:
            yield from _relations(each, expressions)
    elif isinstance(node, ast.RangeVar):
        if node.schemaname or node.relname not in expressions:
            yield _title(node)
    elif isinstance(node, ast.Node):
        yield from _below(node, expressions)


def _below(node: Any, expressions: frozenset[str]) -> Iterator[str]:
    visible = expressions
    if with_clause := getattr(node, "withClause", None):
        visible = expressions | {each.ctename for each in with_clause.ctes}
        inner = visible if with_clause.recursive else expressions
        for each in with_clause.ctes:
            yield from _relations(each.ctequery, inner)
            inner |= {each.ctename}
    for slot in node:
        is_target = slot == "relation" and isinstance(node, TARGETS)
        if slot != "withClause":
            yield from _relations(getattr(node, slot), frozenset() if is_target else visible)


def _title(node: Any) -> str:
    return ".".join(_quoted(each) for each in (node.schemaname, node.relname) if each)


def _requoted(path: str) -> str:
    return ".".join(_quoted(_unquoted(each)) for each in WORD.findall(path))


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(map(_unquoted, names))


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
