"""Whether a script can read, write, or move rows."""

import pglast
from pglast import ast, enums, visitors

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
    return all(_defines(raw.stmt) for raw in pglast.parse_sql(sql))


def _defines(statement: ast.Node | None) -> bool:
    if isinstance(statement, ast.SelectStmt):
        calls = _Calls()
        calls(statement)
        return not statement.fromClause and calls.names <= {HARMLESS_FUNCTION}
    if isinstance(statement, ast.AlterTableStmt):
        return not any(getattr(each, "subtype", None) in MOVES_ROWS for each in statement.cmds or ())
    return isinstance(statement, DEFINITIONS)


class _Calls(visitors.Visitor):
    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_FuncCall(self, _ancestors: object, node: ast.FuncCall) -> None:  # noqa: N802 (pglast's)
        self.names.add(node.funcname[-1].sval if node.funcname else "")
