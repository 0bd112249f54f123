"""Whether a script can read, write, or move rows."""

import re
from typing import Any

from pgfleet.manifest.catalog_queries import FUNCTIONS
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
CHANGES_ROWS = (
    ast.CallStmt,
    ast.CopyStmt,
    ast.DeleteStmt,
    ast.DropOwnedStmt,
    ast.ExecuteStmt,
    ast.ExplainStmt,
    ast.InsertStmt,
    ast.MergeStmt,
    ast.RenameStmt,
    ast.TruncateStmt,
    ast.UpdateStmt,
)
HOLDS_ROWS = frozenset(
    {enums.ObjectType.OBJECT_TABLE, enums.ObjectType.OBJECT_SEQUENCE, enums.ObjectType.OBJECT_SCHEMA}
)
HOLD_ROWS_WITH_OTHERS = HOLDS_ROWS | {
    enums.ObjectType.OBJECT_TYPE,
    enums.ObjectType.OBJECT_DOMAIN,
    enums.ObjectType.OBJECT_EXTENSION,
}
"""CASCADE drops the columns of a type, too."""
CHANGES_ROWS_BY_TEXT = re.compile(
    r"\b(?:insert\s+into|(?<!on )update\s+(?!on\b|of\b|or\b)|delete\s+from|merge\s+into)|"
    r"\b(?:truncate|setval|perform|call|copy)\b",
    re.IGNORECASE,
)
HARMLESS_FUNCTIONS = frozenset(
    """
    current_setting hashtext hashtextextended pg_advisory_lock pg_advisory_unlock pg_advisory_xact_lock
    pg_try_advisory_lock pg_try_advisory_xact_lock set_config
    """.split()  # noqa: SIM905 (easier to read than names in quotes)
)
"""Functions that scripts call for what they do, without rows. pg_dump calls set_config at the start of its output."""


def only_defines(sql: str) -> bool:
    """Whether a valid script does nothing but define objects.

    What such a script does when it runs again does not depend on the rows of a tenant, except that it may drop them.
    """
    return all(_defines(raw.stmt) for raw in parse_sql(sql))


def _defines(statement: Any) -> bool:
    if isinstance(statement, ast.SelectStmt):
        return not statement.fromClause and _called(statement) <= HARMLESS_FUNCTIONS
    if isinstance(statement, ast.AlterTableStmt):
        return not any(getattr(each, "subtype", None) in MOVES_ROWS for each in statement.cmds or ())
    return isinstance(statement, DEFINITIONS)


def may_repeat_changes(sql: str) -> bool:
    """Whether a valid script may change rows that it has changed before, or lose rows, if it is run again."""
    return any(_may_change_rows(raw.stmt) for raw in parse_sql(sql))


def _may_change_rows(statement: Any) -> bool:
    if isinstance(statement, ast.SelectStmt):
        writes = any(isinstance(each, (*CHANGES_ROWS, ast.IntoClause)) for each in nodes_in(statement))
        return writes or not _called(statement) <= HARMLESS_FUNCTIONS | FUNCTIONS
    if isinstance(statement, ast.DoStmt):
        texts = (each.arg.sval for each in statement.args if each.defname == "as")
        return any(map(CHANGES_ROWS_BY_TEXT.search, texts))
    if isinstance(statement, ast.DropStmt):
        is_cascade = statement.behavior == enums.DropBehavior.DROP_CASCADE
        return statement.removeType in (HOLD_ROWS_WITH_OTHERS if is_cascade else HOLDS_ROWS)
    if isinstance(statement, ast.AlterTableStmt):
        return any(_changes_column(each) for each in statement.cmds or ())
    return isinstance(statement, CHANGES_ROWS)


def _called(statement: Any) -> set[str]:
    """The names of the functions that the statement calls, without schemas."""
    return {each.funcname[-1].sval for each in nodes_in(statement) if isinstance(each, ast.FuncCall)}


def _changes_column(command: Any) -> bool:
    """Whether it drops a column, or computes its values."""
    subtype = getattr(command, "subtype", None)
    is_computed = subtype == enums.AlterTableType.AT_AlterColumnType and command.def_.raw_default is not None
    return is_computed or subtype == enums.AlterTableType.AT_DropColumn
