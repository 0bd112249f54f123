"""Is a script something that can be run as the manifest says? Asked of PostgreSQL's own parser."""

from collections.abc import Sequence

import pglast
from pglast import ast

from pgfleet.manifest.model import Scalar


def script_fault(sql: str, *, transactional: bool) -> str | None:
    """What is wrong with a script, in words that follow its name, or None.

    A transactional script must leave transactions alone and hold nothing that refuses to run in one;
    any other must be a single statement, for several sent at once would run in one transaction
    (PostgreSQL manual, 55.2.2.1 Multiple Statements in a Simple Query).
    """
    try:
        statements = [raw.stmt for raw in pglast.parse_sql(sql)]
    except pglast.parser.ParseError as error:
        return _syntax_fault(sql, error)
    if not statements:
        return "holds no statement"
    if not transactional:
        return None if len(statements) == 1 else "holds several statements, and transactional = false allows one"
    return next(filter(None, map(_transaction_fault, statements)), None)


def query_fault(sql: str, returns: Sequence[Sequence[Scalar]]) -> str | None:
    """What is wrong with a check's query and the rows expected of it, or None."""
    try:
        statements = [raw.stmt for raw in pglast.parse_sql(sql)]
    except pglast.parser.ParseError as error:
        return _syntax_fault(sql, error)
    if len(statements) != 1 or not isinstance(statements[0], ast.SelectStmt):
        return "must be one SELECT"
    if len({len(row) for row in returns}) > 1:
        return "expects rows of different lengths"
    return None


def _syntax_fault(sql: str, error: pglast.parser.ParseError) -> str:
    message, position = (*error.args, None)[:2]
    if not isinstance(position, int):
        return f"does not parse: {message}"
    before = sql[:position]
    line, column = before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1
    return f"does not parse, at line {line} column {column}: {message}"


def _transaction_fault(statement: ast.Node | None) -> str | None:
    if isinstance(statement, ast.TransactionStmt):
        return "begins or ends a transaction, which is pgfleet's part; take BEGIN, COMMIT and their like out"
    if _refuses_transaction(statement):
        return "cannot run inside a transaction; declare transactional = false, and let it hold that statement alone"
    return None


def _refuses_transaction(statement: ast.Node | None) -> bool:
    if isinstance(statement, ast.IndexStmt | ast.DropStmt):
        return bool(statement.concurrent)
    if isinstance(statement, ast.ReindexStmt):
        return any(option.defname == "concurrently" for option in statement.params or ())
    alone = (ast.VacuumStmt, ast.CreatedbStmt, ast.DropdbStmt, ast.CreateTableSpaceStmt, ast.AlterSystemStmt)
    return isinstance(statement, alone) and bool(getattr(statement, "is_vacuumcmd", True))
