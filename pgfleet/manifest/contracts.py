"""The statements of a contract, as its file has them. Asked of PostgreSQL's own parser."""

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
"""What PREPARE takes (PostgreSQL manual, PREPARE), less VALUES, which is a SELECT here."""


def contract_fault(sql: str) -> str | None:
    """What is wrong with a contract's file, in words that follow its name, or None."""
    try:
        parsed = pglast.parse_sql(sql)
    except pglast.parser.ParseError as error:
        return syntax_fault(sql, error)
    if not parsed:
        return "holds no statement"
    names: list[str] = []
    for raw, statement in zip(parsed, split(sql), strict=True):
        where = f"at line {place_in(sql, statement.start)[0]}"
        if not _is_planned(raw.stmt):
            return f"holds what is no SELECT, INSERT, UPDATE, DELETE or MERGE, {where}"
        name = _name(sql, statement)
        if not name:
            return f"holds a statement without a name, {where}; write '-- name: …' on the line before it"
        if name in names:
            return f"holds two statements named '{name}', the second {where}"
        names.append(name)
    return None


def contract_statements(sql: str, *, file: str) -> tuple[ContractStatement, ...]:
    """The statements of a contract's file in which `contract_fault` finds nothing; `file` is its name in places."""
    return tuple(_statement(sql, each, file) for each in split(sql))


def _statement(sql: str, statement: Statement, file: str) -> ContractStatement:
    seen = _Seen()
    seen(pglast.parse_sql(statement.text))
    return ContractStatement(
        name=_name(sql, statement),
        text=statement.text,
        parameters=seen.parameters,
        place=Place(file, *place_in(sql, statement.start)),
        inserts=tuple(seen.inserts),
    )


def _name(sql: str, statement: Statement) -> str:
    """The name that the line before the statement gives it; empty where it gives none."""
    line = sql[: statement.start].rstrip().rpartition("\n")[2]
    found = NAME.fullmatch(line.strip())
    return found[1].strip() if found else ""


def _is_planned(statement: ast.Node | None) -> bool:
    return isinstance(statement, PLANNED) and getattr(statement, "intoClause", None) is None


class _Seen(Visitor):
    """What was met in one statement: its highest parameter, and where it inserts."""

    def __init__(self) -> None:
        super().__init__()
        self.parameters = 0
        self.inserts: list[InsertTarget] = []

    def visit_ParamRef(self, _ancestors: object, node: Any) -> None:  # noqa: N802 (pglast's own name)
        self.parameters = max(self.parameters, node.number)

    def visit_InsertStmt(self, _ancestors: object, node: Any) -> None:  # noqa: N802
        rows = node.selectStmt.valuesLists if node.selectStmt else ((),)
        if rows is None and not node.cols:
            return  # INSERT … SELECT without names: how many columns are given, only the server knows
        self.inserts.append(_target(node.relation, node.cols, rows or ()))

    def visit_MergeStmt(self, _ancestors: object, node: Any) -> None:  # noqa: N802
        for clause in node.mergeWhenClauses:
            if clause.commandType == enums.CmdType.CMD_INSERT:
                self.inserts.append(_target(node.relation, clause.targetList, (clause.values or (),)))


def _target(relation: Any, columns: Sequence[Any] | None, rows: Sequence[Sequence[Any]]) -> InsertTarget:
    """The table, and the columns that are given in every row: by name, or by place where none is named."""
    widest = max(map(len, rows), default=0)
    named: list[str | int] = [each.name for each in columns] if columns else [*range(1, widest + 1)]
    defaulted = {place for row in rows for place in _defaulted(row)}
    given = tuple(each for place, each in enumerate(named) if place not in defaulted)
    return InsertTarget(schema=relation.schemaname, table=relation.relname, given=given)


def _defaulted(row: Sequence[Any]) -> Iterator[int]:
    return (place for place, value in enumerate(row) if isinstance(value, ast.SetToDefault))
