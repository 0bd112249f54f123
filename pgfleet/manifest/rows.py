"""Whether a script can read, write, or move rows."""

from typing import Any

from pgfleet.parser import ast, enums
from pgfleet.parser.parse import nodes_in, parse_sql

DEFINITIONS = (
    ast.AlterDefaultPrivilegesStmt,
    ast.AlterEnumStmt,
    ast.AlterFunctionStmt,
    ast.AlterOwnerStmt,
    ast.AlterPolicyStmt,
    ast.AlterTableStmt,
    ast.CommentStmt,
    ast.CompositeTypeStmt,
    ast.CreateDomainStmt,
    ast.CreateEnumStmt,
    ast.CreateExtensionStmt,
    ast.CreateFunctionStmt,
    ast.CreatePolicyStmt,
    ast.CreateSchemaStmt,
    ast.CreateSeqStmt,
    ast.CreateStmt,
    ast.CreateTrigStmt,
    ast.DropStmt,
    ast.GrantRoleStmt,
    ast.GrantStmt,
    ast.IndexStmt,
    ast.VariableSetStmt,
    ast.ViewStmt,
)
"""Statements that define objects. Renaming is not among them: it can exchange two tables or columns with their rows."""
MOVES_ROWS = frozenset({enums.AlterTableType.AT_AlterColumnType, enums.AlterTableType.AT_SetIdentity})
HARMLESS_FUNCTION = "set_config"
"""pg_dump calls it at the start of its output."""


def only_defines(sql: str) -> bool:
    """Whether a valid script does nothing but define objects.

    What such a script does when it runs again does not depend on the rows of a tenant, except that it may drop them.
    """
    return all(_defines(raw.stmt) for raw in parse_sql(sql))


def _defines(statement: Any) -> bool:
    if isinstance(statement, ast.SelectStmt):
        calls = (each for each in nodes_in(statement) if isinstance(each, ast.FuncCall))
        return not statement.fromClause and all(each.funcname[-1].sval == HARMLESS_FUNCTION for each in calls)
    if isinstance(statement, ast.AlterTableStmt):
        return not any(getattr(each, "subtype", None) in MOVES_ROWS for each in statement.cmds or ())
    return isinstance(statement, DEFINITIONS)
