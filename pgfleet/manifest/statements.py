"""The statements of a script, and whether it can run as the manifest says, from PostgreSQL's own parser."""

from dataclasses import dataclass

import pglast
from pglast import ast, enums

OUTSIDE_TRANSACTION = (
    ast.CreatedbStmt,
    ast.DropdbStmt,
    ast.CreateTableSpaceStmt,
    ast.DropTableSpaceStmt,
    ast.AlterSystemStmt,
)
REINDEX_OUTSIDE_TRANSACTION = (
    enums.ReindexObjectType.REINDEX_OBJECT_SCHEMA,
    enums.ReindexObjectType.REINDEX_OBJECT_SYSTEM,
    enums.ReindexObjectType.REINDEX_OBJECT_DATABASE,
)
"""Statements that cannot run in a transaction (PostgreSQL manual, VI.I SQL Commands)."""
SEVERAL = "contains several statements, but transactional = false allows only one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a script; `start` is the position of its first character, from 0."""

    text: str
    start: int


def split(sql: str) -> tuple[Statement, ...]:
    """The statements of a valid script, without leading comments."""
    slices = pglast.split(sql, only_slices=True)
    return tuple(Statement(text=sql[each], start=each.start) for each in slices)


def place_in(sql: str, position: int) -> tuple[int, int]:
    """The line and the column, from 1, of a character's position, from 0."""
    before = sql[:position]
    return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1


def script_fault(sql: str, *, transactional: bool) -> str | None:
    """What is wrong with a script, as a phrase that follows its name, or None.

    A transactional script must not control transactions or contain statements that cannot run in one. Any other script
    must be one statement, because several statements sent at once run in one transaction (PostgreSQL manual, 55.2.2.1
    Multiple Statements in a Simple Query).
    """
    try:
        statements = [raw.stmt for raw in pglast.parse_sql(sql)]
    except pglast.parser.ParseError as error:
        return syntax_fault(sql, error)
    if not statements:
        return "contains no statement"
    if any(isinstance(statement, ast.TransactionStmt) for statement in statements):
        return "controls a transaction, which pgfleet does itself; remove BEGIN, COMMIT, and the like"
    if not transactional:
        return None if len(statements) == 1 else SEVERAL
    if any(map(_runs_outside_transaction, statements)):
        return "cannot run in a transaction; set transactional = false, and keep only that statement in the script"
    return None


def query_fault(sql: str) -> str | None:
    """What is wrong with a check's query, or None."""
    try:
        statements = [raw.stmt for raw in pglast.parse_sql(sql)]
    except pglast.parser.ParseError as error:
        return syntax_fault(sql, error)
    only = statements[0] if len(statements) == 1 else None
    if not isinstance(only, ast.SelectStmt) or only.intoClause is not None:
        return "must be a single SELECT"
    return None


def syntax_fault(sql: str, error: pglast.parser.ParseError) -> str:
    """The parser's message with the place."""
    message, position = (*error.args, None)[:2]
    if not isinstance(position, int):
        return f"does not parse: {message}"
    line, column = place_in(sql, position)
    return f"does not parse, at line {line} column {column}: {message}"


def _runs_outside_transaction(statement: ast.Node | None) -> bool:
    if isinstance(statement, ast.IndexStmt | ast.DropStmt):
        return bool(statement.concurrent)
    if isinstance(statement, ast.ReindexStmt):
        is_concurrent = any(each.defname == "concurrently" for each in statement.params or ())
        return is_concurrent or statement.kind in REINDEX_OUTSIDE_TRANSACTION
    if isinstance(statement, ast.AlterTableStmt):
        return any(_detaches_concurrently(command) for command in statement.cmds or ())
    if isinstance(statement, ast.VacuumStmt):
        return bool(statement.is_vacuumcmd)  # ANALYZE can run in a transaction
    return isinstance(statement, OUTSIDE_TRANSACTION)


def _detaches_concurrently(command: ast.Node) -> bool:
    partition = getattr(command, "def_", None)
    return isinstance(partition, ast.PartitionCmd) and bool(partition.concurrent)
