"""The enumerations of PostgreSQL's parse tree that pgfleet uses, with the names of PostgreSQL's sources."""

from postgast.pg_query_pb2 import (
    AlterTableType,
    BoolExprType,
    CmdType,
    ConstrType,
    DropBehavior,
    ObjectType,
    OnCommitAction,
    OnConflictAction,
    ReindexObjectType,
    RoleSpecType,
    SQLValueFunctionOp,
    TransactionStmtKind,
)

__all__ = [
    "AlterTableType",
    "BoolExprType",
    "CmdType",
    "ConstrType",
    "DropBehavior",
    "ObjectType",
    "OnCommitAction",
    "OnConflictAction",
    "ReindexObjectType",
    "RoleSpecType",
    "SQLValueFunctionOp",
    "TransactionStmtKind",
]
