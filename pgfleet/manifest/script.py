"""Whether and how a script can run, from PostgreSQL's own parser."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pgfleet.manifest.checksums import script_checksum
from pgfleet.manifest.down_sections import check_down_section, check_lone_marker
from pgfleet.manifest.model import DownScript, Script
from pgfleet.manifest.text import Unusable, blank, line_of
from pgfleet.parser import ast, enums
from pgfleet.parser.parse import ParseError, RawStatement, parse_sql
from pgfleet.parser.statements import Statement, split, syntax_fault

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
COMMIT = enums.TransactionStmtKind.TRANS_STMT_COMMIT
COPY_FROM_STDIN = re.compile(r"\bcopy\b[^;]*?\bfrom\s+stdin\b[^;]*;", re.IGNORECASE)
COPY_FAULT = (
    "reads inline data with COPY … FROM STDIN, at line {line}, which only psql can send; "
    "write the rows as INSERT (pg_dump --inserts does)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runnable:
    """What runs of a script (as `Script.sql`), and whether in a transaction."""

    sql: str
    transactional: bool


def read_script(sql: str, *, transactional: bool | None) -> Runnable:
    """A script that can run; `transactional` is None if its statements decide. Raises Unusable.

    Removes BEGIN and COMMIT if they are the first and the last statement, so that the script is transactional. If the
    statements decide, it may also be several such blocks, with statements between them, which then run in one
    transaction. Any other statement that controls a transaction is not allowed.
    """
    check_down_section(sql)
    parsed = _parse(sql)
    check_lone_marker(sql, parsed)
    pairs = tuple(zip((each.stmt for each in parsed), split(sql), strict=True))
    bounds = _bounds([node for node, _ in pairs])
    has_blocks = bool(bounds) and (transactional is None or bounds == (0, len(pairs) - 1))
    if has_blocks:
        for place in bounds:
            sql = _without(sql, pairs[place][1])
        pairs = tuple(pair for place, pair in enumerate(pairs) if place not in bounds)
    for node, statement in pairs:
        if fault := _fault(node):
            raise Unusable(fault.format(line=line_of(sql, statement.start)))
    outside = next((statement for node, statement in pairs if _runs_outside_transaction(node)), None)
    if outside is not None and (has_blocks or transactional):
        line = line_of(sql, outside.start)
        raise Unusable(f"cannot run in a transaction, at line {line}; set transactional = false for it")
    is_transactional = outside is None if transactional is None else transactional
    return Runnable(sql=sql, transactional=has_blocks or is_transactional)


def _parse(sql: str) -> tuple[RawStatement, ...]:
    try:
        return parse_sql(sql)
    except ParseError as error:
        place = error.position
        if line := _line_of_inline_data(sql):
            raise Unusable(COPY_FAULT.format(line=line)) from None
        if place is not None and sql[place : place + 1] == "\\":
            command = sql[place:].split(maxsplit=1)[0]
            raise Unusable(
                f"contains the psql command {command}, at line {line_of(sql, place)}, which only psql understands; "
                "delete it, or write it as SQL"
            ) from None
        raise Unusable(syntax_fault(sql, error)) from None


def _line_of_inline_data(sql: str) -> int | None:
    """The line of the first COPY … FROM STDIN; the data after it is not SQL, so that the script does not parse."""
    for found in COPY_FROM_STDIN.finditer(sql):
        try:
            *_, last = parse_sql(sql[: found.end()])
        except (ParseError, ValueError):
            continue
        if isinstance(last.stmt, ast.CopyStmt):
            return line_of(sql, found.start())
    return None


def _fault(node: Any) -> str | None:
    if isinstance(node, ast.TransactionStmt) or (isinstance(node, ast.VariableSetStmt) and node.name == "TRANSACTION"):
        return "controls a transaction, at line {line}, which pgfleet does itself; remove BEGIN, COMMIT, and the like"
    if isinstance(node, ast.CopyStmt) and node.filename is None:
        return COPY_FAULT if node.is_from else "copies rows TO STDOUT, at line {line}, which nothing reads; delete it"
    return None


def _bounds(nodes: Sequence[Any]) -> tuple[int, ...]:
    """The places of BEGIN and COMMIT without options, if they take turns."""
    begins = {place for place, node in enumerate(nodes) if _is_begin(node)}
    places = sorted(begins | {place for place, node in enumerate(nodes) if _is_commit(node)})
    takes_turns = len(places) % 2 == 0 and set(places[::2]) == begins
    return tuple(places) if takes_turns else ()


def _is_begin(node: Any) -> bool:
    return isinstance(node, ast.TransactionStmt) and node.kind in BEGIN and not node.options


def _is_commit(node: Any) -> bool:
    return isinstance(node, ast.TransactionStmt) and node.kind == COMMIT and not node.chain


def _without(sql: str, statement: Statement) -> str:
    end = statement.start + len(statement.text)
    semicolon = re.compile(r"\s*;").match(sql, end)
    return blank(sql, statement.start, semicolon.end() if semicolon else end)


def _runs_outside_transaction(statement: Any) -> bool:
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


def _detaches_concurrently(command: Any) -> bool:
    partition = getattr(command, "def_", None)
    return isinstance(partition, ast.PartitionCmd) and bool(partition.concurrent)


def build_down(path: str, sql: str | Unusable, shown_folders: int = 0) -> DownScript | None:
    """The script with what runs of the file at `path`; None if that contains no statement.

    It runs in a transaction unless a statement of it cannot, whatever the tool does: only then is it proven before it
    is committed.
    """
    if isinstance(sql, Unusable):
        return DownScript(script=_script(path, "", shown_folders), problem=str(sql))
    try:
        runnable = read_script(sql, transactional=None)
    except Unusable as error:
        return DownScript(script=_script(path, sql, shown_folders), problem=str(error))
    if not split(runnable.sql):
        return None
    return DownScript(script=_script(path, runnable.sql, shown_folders), transactional=runnable.transactional)


def _script(path: str, sql: str, shown_folders: int) -> Script:
    return Script(path=path, sql=sql, checksum=script_checksum(sql), text=sql, shown_folders=shown_folders)
