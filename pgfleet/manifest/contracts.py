"""The statements of a contract's file, from PostgreSQL's own parser."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pglast
from pglast import ast, enums
from pglast.visitors import Visitor

from pgfleet.errors import Place
from pgfleet.manifest.model import ContractStatement, InsertTarget
from pgfleet.manifest.statements import Statement, place_in, split, syntax_fault

NAME = re.compile(r"--\s*name:\s*(\S.*)")
PLANNED = (ast.SelectStmt, ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt)
"""The statements that PREPARE supports (PostgreSQL manual, PREPARE); VALUES parses as a SELECT."""


def contract_fault(sql: str) -> str | None:
    """What is wrong with a contract's file, as a phrase that follows its name, or None."""
    try:
        parsed = pglast.parse_sql(sql)
    except pglast.parser.ParseError as error:
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
    collected = _Collector()
    collected(pglast.parse_sql(statement.text))
    return ContractStatement(
        name=_name(sql, statement),
        text=statement.text,
        parameters=collected.parameters,
        place=Place(file, *place_in(sql, statement.start)),
        inserts=tuple(collected.inserts),
    )


def _name(sql: str, statement: Statement) -> str:
    """The name on the line before the statement; empty if there is none."""
    line = sql[: statement.start].rstrip().rpartition("\n")[2]
    found = NAME.fullmatch(line.strip())
    return found[1].strip() if found else ""


def _is_planned(statement: ast.Node | None) -> bool:
    return isinstance(statement, PLANNED) and getattr(statement, "intoClause", None) is None


class _Collector(Visitor):
    """Collects a statement's highest parameter and its insert targets."""

    def __init__(self) -> None:
        super().__init__()
        self.parameters = 0
        self.inserts: list[InsertTarget] = []

    def visit_ParamRef(self, _ancestors: object, node: Any) -> None:  # noqa: N802 (pglast's own name)
        self.parameters = max(self.parameters, node.number)

    def visit_InsertStmt(self, _ancestors: object, node: Any) -> None:  # noqa: N802
        rows = node.selectStmt.valuesLists if node.selectStmt else ((),)
        if rows is None and not node.cols:
            return  # INSERT … SELECT without names: only the server knows the number of columns
        self.inserts.append(_target(node.relation, node.cols, rows or ()))

    def visit_MergeStmt(self, _ancestors: object, node: Any) -> None:  # noqa: N802
        for clause in node.mergeWhenClauses:
            if clause.commandType == enums.CmdType.CMD_INSERT:
                self.inserts.append(_target(node.relation, clause.targetList, (clause.values or (),)))


def _target(relation: Any, columns: Sequence[Any] | None, rows: Sequence[Sequence[Any]]) -> InsertTarget:
    """The table and the columns that every row sets: by name, or by position if the statement names none."""
    widest = max(map(len, rows), default=0)
    named: list[str | int] = [each.name for each in columns] if columns else [*range(1, widest + 1)]
    defaulted = {place for row in rows for place in _defaulted(row)}
    given = tuple(each for place, each in enumerate(named) if place not in defaulted)
    return InsertTarget(schema=relation.schemaname, table=relation.relname, given=given)


def _defaulted(row: Sequence[Any]) -> Iterator[int]:
    return (place for place, value in enumerate(row) if isinstance(value, ast.SetToDefault))
