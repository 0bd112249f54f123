"""The statements of a script, and whether it can be run as the manifest says. Asked of PostgreSQL's own parser."""

from dataclasses import dataclass

import pglast
from pglast import ast, enums

ALONE = (
    ast.CreatedbStmt,
    ast.DropdbStmt,
    ast.CreateTableSpaceStmt,
    ast.DropTableSpaceStmt,
    ast.AlterSystemStmt,
)
REINDEX_ALONE = (
    enums.ReindexObjectType.REINDEX_OBJECT_SCHEMA,
    enums.ReindexObjectType.REINDEX_OBJECT_SYSTEM,
    enums.ReindexObjectType.REINDEX_OBJECT_DATABASE,
)
"""Statements that refuse to run in a transaction (PostgreSQL manual, VI.I SQL Commands)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a script as it stands there; `start` is the place of its first character, from 0."""

    text: str
    start: int


def split(sql: str) -> tuple[Statement, ...]:
    """The statements of a script that parses, without the comments before each."""
    slices = pglast.split(sql, only_slices=True)
    return tuple(Statement(text=sql[each], start=each.start) for each in slices)


def place_in(sql: str, position: int) -> tuple[int, int]:
    """The line and the column, both counted from 1, of a character's position, counted from 0."""
    before = sql[:position]
    return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1


def script_fault(sql: str, *, transactional: bool) -> str | None:
    """What is wrong with a script, in words that follow its name, or None.

    A transactional script must leave transactions alone and hold nothing that refuses to run in one;
    any other must be a single statement, for several sent at once would run in one transaction
    (PostgreSQL manual, 55.2.2.1 Multiple Statements in a Simple Query).
    """
    try:
        statements = [raw.stmt for raw in pglast.parse_sql(sql)]
    except pglast.parser.ParseError as error:
        return syntax_fault(sql, error)
    if not statements:
        return "holds no statement"
    if any(isinstance(statement, ast.TransactionStmt) for statement in statements):
        return "begins or ends a transaction, which is pgfleet's part; take BEGIN, COMMIT and their like out"
    if not transactional:
        return None if len(statements) == 1 else "holds several statements, and transactional = false allows one"
    if any(map(_refuses_transaction, statements)):
        return "cannot run inside a transaction; declare transactional = false, and let it hold that statement alone"
    return None


def query_fault(sql: str) -> str | None:
    """What is wrong with a check's query, or None."""
    try:
        statements = [raw.stmt for raw in pglast.parse_sql(sql)]
    except pglast.parser.ParseError as error:
        return syntax_fault(sql, error)
    only = statements[0] if len(statements) == 1 else None
    if not isinstance(only, ast.SelectStmt) or only.intoClause is not None:
        return "must be one SELECT"
    return None


def syntax_fault(sql: str, error: pglast.parser.ParseError) -> str:
    """The parser's own words, with the place."""
    message, position = (*error.args, None)[:2]
    if not isinstance(position, int):
        return f"does not parse: {message}"
    line, column = place_in(sql, position)
    return f"does not parse, at line {line} column {column}: {message}"


def _refuses_transaction(statement: ast.Node | None) -> bool:
    if isinstance(statement, ast.IndexStmt | ast.DropStmt):
        return bool(statement.concurrent)
    if isinstance(statement, ast.ReindexStmt):
        return statement.kind in REINDEX_ALONE or any(each.defname == "concurrently" for each in statement.params or ())
    if isinstance(statement, ast.AlterTableStmt):
        return any(_detaches_concurrently(command) for command in statement.cmds or ())
    if isinstance(statement, ast.VacuumStmt):
        return bool(statement.is_vacuumcmd)  # ANALYZE may
    return isinstance(statement, ALONE)


def _detaches_concurrently(command: ast.Node) -> bool:
    partition = getattr(command, "def_", None)
    return isinstance(partition, ast.PartitionCmd) and bool(partition.concurrent)
