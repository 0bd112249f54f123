"""The statements of a contract's file, from PostgreSQL's own parser."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pgfleet.errors import Place
from pgfleet.manifest.model import ContractStatement, InsertTarget
from pgfleet.parser import ast, enums
from pgfleet.parser.parse import ParseError, nodes_in, parse_sql
from pgfleet.parser.statements import Statement, place_in, split, syntax_fault

NAME = re.compile(r"--\s*name:\s*(\S.*)")
PLANNED = (ast.SelectStmt, ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt)
"""The statements that PREPARE supports (PostgreSQL manual, PREPARE); VALUES parses as a SELECT."""


def contract_fault(sql: str) -> str | None:
    """What is wrong with a contract's file, as a phrase that follows its name, or None."""
    try:
        parsed = parse_sql(sql)
    except ParseError as error:
        return syntax_fault(sql, error)
    if not parsed:
        return "contains no statement"
    names: list[str] = []
    for raw, statement in zip(parsed, split(sql), strict=True):
        where = f"at line {place_in(sql, statement.start)[0]}"
        if not _is_planned(raw.stmt):
            return f"contains a statement other than SELECT, INSERT, UPDATE, DELETE, or MERGE, {where}"
        name = _name(sql, statement)
        if not name:
            return f"contains a statement without a name, {where}; add '-- name: …' on the line before it"
        if name in names:
            return f"contains two statements named '{name}', the second {where}"
        names.append(name)
    return None


def contract_statements(sql: str, *, file: str) -> tuple[ContractStatement, ...]:
    """The statements of a valid contract file; `file` is its name in places."""
    return tuple(_statement(sql, each, file) for each in split(sql))


def _statement(sql: str, statement: Statement, file: str) -> ContractStatement:
    nodes = tuple(nodes_in(parse_sql(statement.text)))
    return ContractStatement(
        name=_name(sql, statement),
        text=statement.text,
        parameters=max((each.number for each in nodes if isinstance(each, ast.ParamRef)), default=0),
        place=Place(file, *place_in(sql, statement.start)),
        inserts=tuple(target for each in nodes for target in _targets(each)),
    )


def _name(sql: str, statement: Statement) -> str:
    """The name on the line before the statement; empty if there is none."""
    line = sql[: statement.start].rstrip().rpartition("\n")[2]
    found = NAME.fullmatch(line.strip())
    return found[1].strip() if found else ""


def _is_planned(statement: Any) -> bool:
    return isinstance(statement, PLANNED) and getattr(statement, "intoClause", None) is None


def _targets(node: Any) -> Iterator[InsertTarget]:
    """What an INSERT or a MERGE inserts into."""
    if isinstance(node, ast.InsertStmt):
        rows = node.selectStmt.valuesLists if node.selectStmt else ((),)
        if rows is not None or node.cols:  # else INSERT … SELECT: only the server knows the number of columns
            yield _target(node.relation, node.cols, rows or ())
    elif isinstance(node, ast.MergeStmt):
        for clause in node.mergeWhenClauses:
            if clause.commandType == enums.CmdType.CMD_INSERT:
                yield _target(node.relation, clause.targetList, (clause.values or (),))


def _target(relation: Any, columns: Sequence[Any] | None, rows: Sequence[Sequence[Any]]) -> InsertTarget:
    """The table and the columns that every row sets: by name, or by position if the statement names none."""
    widest = max(map(len, rows), default=0)
    named: list[str | int] = [each.name for each in columns] if columns else [*range(1, widest + 1)]
    defaulted = {place for row in rows for place in _defaulted(row)}
    given = tuple(each for place, each in enumerate(named) if place not in defaulted)
    return InsertTarget(schema=relation.schemaname, table=relation.relname, given=given)


def _defaulted(row: Sequence[Any]) -> Iterator[int]:
    return (place for place, value in enumerate(row) if isinstance(value, ast.SetToDefault))
