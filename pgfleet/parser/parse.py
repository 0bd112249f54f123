"""Text to parse tree, and back."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import postgast
from postgast import pg_query_pb2

from pgfleet.parser import ast
from pgfleet.parser.ast import ANY_NODE, Node, wrap

SPECIAL_VARIABLE = re.compile(r"(?<=,)\{\}\}(?=[,\]])")
COMMENTS = (pg_query_pb2.SQL_COMMENT, pg_query_pb2.C_COMMENT)
NODE_FIELDS = {field.message_type.name: field.name for field in getattr(pg_query_pb2, ANY_NODE).DESCRIPTOR.fields}


class ParseError(Exception):
    """The text is not SQL; `position` is that of the character where the parser stopped, from 0, or None."""

    def __init__(self, message: str, position: int | None) -> None:
        super().__init__(message, position)
        self.message = message
        self.position = position


@dataclass(frozen=True, slots=True, kw_only=True)
class RawStatement:
    """A statement's tree, and the positions of its first character and after its last one, from 0.

    Like PostgreSQL's own parser, without the comments before the statement and with those after it.
    """

    stmt: Any
    start: int
    end: int


def parse_sql(sql: str) -> tuple[RawStatement, ...]:
    """The statements of a script, without empty ones. Raises ParseError."""
    try:
        parsed = postgast.parse(sql)
    except postgast.PgQueryError as error:
        parsed = _parse_without_comments(sql)
        if parsed is None:
            raise _error(sql, error) from None
    return tuple(_raw_statements(sql, parsed.stmts))


def _parse_without_comments(sql: str) -> Any:
    """The tree of a script with spaces instead of its line comments; None if it still does not parse.

    postgast 0.2 does not find the second part of a string after a comment: 'a' -- comment, new line, 'b'.
    """
    encoded = bytearray(sql.encode())
    try:
        for each in postgast.scan(sql).tokens:
            if each.token == pg_query_pb2.SQL_COMMENT:
                encoded[each.start : each.end] = b" " * (each.end - each.start)
        return postgast.parse(encoded.decode())
    except postgast.PgQueryError:
        return None


def parse_plpgsql(statement: str) -> list[dict[str, Any]]:
    """The tree of a plpgsql body, of a DO block or CREATE FUNCTION, as libpg_query's JSON. Raises ParseError."""
    if not any(each.defname == "as" for each in nodes_in(parse_sql(statement)) if isinstance(each, ast.DefElem)):
        raise ParseError("no body", None)  # libpg_query would end the process: Assertion `proc_source != NULL' failed
    try:
        found: list[dict[str, Any]] = postgast.parse_plpgsql(statement)
    except postgast.PgQueryError as error:
        raise _error(statement, error) from None
    except json.JSONDecodeError as error:
        return _loads_repaired(error.doc)
    return found


def _loads_repaired(text: str) -> list[dict[str, Any]]:
    """The JSON of a trigger function, in which libpg_query writes each of its special variables (TG_OP, …) as `{}}`."""
    try:
        found: list[dict[str, Any]] = json.loads(SPECIAL_VARIABLE.sub('{"PLpgSQL_var":{}}', text))
    except json.JSONDecodeError:
        raise ParseError("the tree of the body is not valid JSON", None) from None
    return found


def deparse(node: Node) -> str:
    """A statement's text, from its tree."""
    field = NODE_FIELDS[type(node).__name__]
    statement = pg_query_pb2.RawStmt(stmt=pg_query_pb2.Node(**{field: node.pb_message}))
    return str(postgast.deparse(pg_query_pb2.ParseResult(stmts=[statement])))


def nodes_in(value: Any) -> Iterator[Node]:
    """Every node of a tree, from the outside in; `value` is a node or a sequence of nodes or statements."""
    if isinstance(value, RawStatement):
        value = value.stmt
    if isinstance(value, tuple):
        for each in value:
            yield from nodes_in(each)
    elif isinstance(value, Node):
        yield value
        for name in value:
            yield from nodes_in(getattr(value, name))


def is_reserved(word: str) -> bool:
    """Whether PostgreSQL's quote_ident quotes the lower-case word: it does with all keywords but the unreserved."""
    [token] = postgast.scan(word).tokens
    return token.keyword_kind not in {pg_query_pb2.NO_KEYWORD, pg_query_pb2.UNRESERVED_KEYWORD}


def _error(sql: str, error: postgast.PgQueryError) -> ParseError:
    """Without a position at the end of the text, which the message says."""
    position = error.cursorpos - 1
    return ParseError(error.message, position if 0 <= position < len(sql) else None)


def _raw_statements(sql: str, statements: Any) -> Iterator[RawStatement]:
    """The statements with positions in characters; libpg_query counts bytes, and begins after the last semicolon."""
    encoded = sql.encode()
    counted = position = 0
    for each in statements:
        end = each.stmt_location + each.stmt_len if each.stmt_len else len(encoded)
        text = encoded[each.stmt_location : end]
        start = each.stmt_location + _leading(text)
        position += len(encoded[counted:start].decode())
        counted = start
        length = len(encoded[start:end].decode().rstrip())
        yield RawStatement(stmt=wrap(each.stmt), start=position, end=position + length)


def _leading(text: bytes) -> int:
    """The number of bytes of white space and comments before a statement."""
    if text[:1].isalpha():
        return 0
    return next((each.start for each in postgast.scan(text.decode()).tokens if each.token not in COMMENTS), 0)
