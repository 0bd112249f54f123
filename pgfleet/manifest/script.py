"""Whether and how a script can run, from PostgreSQL's own parser."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pglast
from pglast import ast, enums

from pgfleet.manifest.down_sections import check_down_section
from pgfleet.manifest.statements import Statement, split, syntax_fault
from pgfleet.manifest.text import Unusable, blank, line_of

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
BEGIN = (enums.TransactionStmtKind.TRANS_STMT_BEGIN, enums.TransactionStmtKind.TRANS_STMT_START)
COPY_FROM_STDIN = re.compile(r"\bcopy\b[^;]*?\bfrom\s+stdin\b[^;]*;", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runnable:
    """What runs of a script (as `Script.sql`), and whether in a transaction."""

    sql: str
    transactional: bool


def read_script(sql: str, *, transactional: bool | None) -> Runnable:
    """A script that can run; `transactional` is None if its statements decide. Raises Unusable.

    Removes BEGIN and COMMIT if they are the first and the last statement, so that the script is transactional. Any
    other statement that controls a transaction is not allowed.
    """
    check_down_section(sql)
    nodes, statements = _parse(sql), split(sql)
    is_wrapped = _is_wrapped(nodes)
    if is_wrapped:
        sql = _without(_without(sql, statements[-1]), statements[0])
        nodes, statements = nodes[1:-1], statements[1:-1]
    pairs = tuple(zip(nodes, statements, strict=True))
    for node, statement in pairs:
        if fault := _fault(node):
            raise Unusable(fault.format(line=line_of(sql, statement.start)))
    outside = next((statement for node, statement in pairs if _runs_outside_transaction(node)), None)
    if outside is not None and (is_wrapped or transactional):
        line = line_of(sql, outside.start)
        raise Unusable(f"cannot run in a transaction, at line {line}; set transactional = false for it")
    is_transactional = outside is None if transactional is None else transactional
    return Runnable(sql=sql, transactional=is_wrapped or is_transactional)


def _parse(sql: str) -> tuple[ast.Node | None, ...]:
    try:
        return tuple(raw.stmt for raw in pglast.parse_sql(sql))
    except pglast.parser.ParseError as error:
        place = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], int) else None
        if line := _line_of_inline_data(sql):
            raise Unusable(COPY_FAULT.format(line=line)) from None
        if place is not None and sql[place : place + 1] == "\\":
            command = sql[place:].split(maxsplit=1)[0]
            raise Unusable(
                f"contains the psql command {command}, at line {line_of(sql, place)}, which only psql understands; "
                "delete it, or write it as SQL"
            ) from None
        raise Unusable(syntax_fault(sql, error)) from None


COPY_FAULT = (
    "reads inline data with COPY … FROM STDIN, at line {line}, which only psql can send; "
    "write the rows as INSERT (pg_dump --inserts does)"
)


def _line_of_inline_data(sql: str) -> int | None:
    """The line of the first COPY … FROM STDIN; the data after it is not SQL, so that the script does not parse."""
    for found in COPY_FROM_STDIN.finditer(sql):
        try:
            *_, last = pglast.parse_sql(sql[: found.end()])
        except (pglast.parser.ParseError, ValueError):
            continue
        if isinstance(last.stmt, ast.CopyStmt):
            return line_of(sql, found.start())
    return None


def _fault(node: Any) -> str | None:
    if isinstance(node, ast.TransactionStmt):
        return "controls a transaction, at line {line}, which pgfleet does itself; remove BEGIN, COMMIT, and the like"
    if isinstance(node, ast.CopyStmt) and node.filename is None:
        return COPY_FAULT if node.is_from else "copies rows TO STDOUT, at line {line}, which nothing reads; delete it"
    return None


def _is_wrapped(nodes: Sequence[Any]) -> bool:
    """Whether the first statement is a BEGIN without options and the last one its COMMIT."""
    if len(nodes) < 2 or not all(isinstance(each, ast.TransactionStmt) for each in (nodes[0], nodes[-1])):  # noqa: PLR2004
        return False
    first, last = nodes[0], nodes[-1]
    is_commit = last.kind == enums.TransactionStmtKind.TRANS_STMT_COMMIT and not last.chain
    return first.kind in BEGIN and not first.options and is_commit


def _without(sql: str, statement: Statement) -> str:
    end = statement.start + len(statement.text)
    semicolon = re.compile(r"\s*;").match(sql, end)
    return blank(sql, statement.start, semicolon.end() if semicolon else end)


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
