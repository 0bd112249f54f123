"""The statements of a script, and whether a query is a single SELECT, from PostgreSQL's own parser."""

from dataclasses import dataclass

from pgfleet.parser import ast
from pgfleet.parser.parse import ParseError, parse_sql


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a script; `start` is the position of its first character, from 0."""

    text: str
    start: int


def split(sql: str) -> tuple[Statement, ...]:
    """The statements of a valid script, without leading comments."""
    return tuple(Statement(text=sql[each.start : each.end], start=each.start) for each in parse_sql(sql))


def place_in(sql: str, position: int) -> tuple[int, int]:
    """The line and the column, from 1, of a character's position, from 0."""
    before = sql[:position]
    return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1


def query_fault(sql: str) -> str | None:
    """What is wrong with a check's query, or None."""
    try:
        statements = [raw.stmt for raw in parse_sql(sql)]
    except ParseError as error:
        return syntax_fault(sql, error)
    only = statements[0] if len(statements) == 1 else None
    if not isinstance(only, ast.SelectStmt) or only.intoClause is not None:
        return "must be a single SELECT"
    return None


def syntax_fault(sql: str, error: ParseError) -> str:
    """The parser's message with the place."""
    if error.position is None:
        return f"does not parse: {error.message}"
    line, column = place_in(sql, error.position)
    return f"does not parse, at line {line} column {column}: {error.message}"
