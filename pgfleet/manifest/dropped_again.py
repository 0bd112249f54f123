"""Whether statements drop what earlier ones create."""

from collections.abc import Iterable, Iterator
from typing import Any

from pgfleet.parser import ast, enums

Key = tuple[str, ...]
"""An object's name without its schema; of a part of a table, with that of the table."""
Alteration = enums.AlterTableType

NAME_FIELDS: dict[type, str] = {
    ast.CompositeTypeStmt: "typevar",
    ast.CreateDomainStmt: "domainname",
    ast.CreateEnumStmt: "typeName",
    ast.CreateEventTrigStmt: "trigname",
    ast.CreateExtensionStmt: "extname",
    ast.CreateFdwStmt: "fdwname",
    ast.CreateForeignServerStmt: "servername",
    ast.CreateForeignTableStmt: "base",
    ast.CreateFunctionStmt: "funcname",
    ast.CreatePolicyStmt: "policy_name",
    ast.CreatePublicationStmt: "pubname",
    ast.CreateRangeStmt: "typeName",
    ast.CreateSchemaStmt: "schemaname",
    ast.CreateSeqStmt: "sequence",
    ast.CreateStatsStmt: "defnames",
    ast.CreateStmt: "relation",
    ast.CreateTableAsStmt: "into",
    ast.CreateTrigStmt: "trigname",
    ast.DefineStmt: "defnames",
    ast.IndexStmt: "idxname",
    ast.RuleStmt: "rulename",
    ast.SelectStmt: "intoClause",
    ast.ViewStmt: "view",
}
"""The field with the name of what the statement creates."""
NAMED_BY: dict[type, str] = {
    ast.CreateStmt: "relation",
    ast.IntoClause: "rel",
    ast.ObjectWithArgs: "objname",
    ast.RangeVar: "relname",
    ast.String: "sval",
    ast.TypeName: "names",
}
"""The field with the name, of a node that is in such a field or that DROP names."""
CONSTRAINT, DEFAULT, NOT_NULL = "constraint", "default", "not null"


def drops_again(before: Iterable[Any], after: Iterable[Any]) -> bool:
    """Whether a statement of `after` drops an object, or a part of a table, that one of `before` creates."""
    created = {key for each in before for key in _created_by(each)}
    return any(key in created for each in after for key in _dropped_by(each))


def _created_by(statement: Any) -> Iterator[Key]:
    if isinstance(statement, ast.AlterTableStmt):
        for command in statement.cmds or ():
            yield from ((statement.relation.relname, *part) for part in _added(command))
    elif (field := NAME_FIELDS.get(type(statement))) and (name := _name(getattr(statement, field))):
        yield (name,)


def _added(command: Any) -> Iterator[Key]:
    match command.subtype:
        case Alteration.AT_AddColumn:
            yield (command.def_.colname,)
        case Alteration.AT_AddConstraint:
            # The server chooses a name for a constraint without one.
            yield (CONSTRAINT, command.def_.conname or "")
        case Alteration.AT_SetNotNull:
            yield (command.name, NOT_NULL)
        case Alteration.AT_ColumnDefault if command.def_ is not None:
            yield (command.name, DEFAULT)


def _dropped_by(statement: Any) -> Iterator[Key]:
    if isinstance(statement, ast.AlterTableStmt):
        for command in statement.cmds or ():
            yield from ((statement.relation.relname, *part) for part in _taken(command))
    elif isinstance(statement, ast.DropStmt):
        yield from ((name,) for each in statement.objects if (name := _name(each)))


def _taken(command: Any) -> Iterator[Key]:
    match command.subtype:
        case Alteration.AT_DropColumn:
            yield (command.name,)
        case Alteration.AT_DropConstraint:
            yield from ((CONSTRAINT, command.name), (CONSTRAINT, ""))
        case Alteration.AT_DropNotNull:
            yield (command.name, NOT_NULL)
        case Alteration.AT_ColumnDefault if command.def_ is None:
            yield (command.name, DEFAULT)


def _name(named: Any) -> str | None:
    """The last part of the name that a field of NAME_FIELDS, or an object of DROP, contains; None if it has none."""
    inner = named
    while not (inner is None or isinstance(inner, str)):
        inner = inner[-1] if isinstance(inner, tuple) else getattr(inner, NAMED_BY[type(inner)])
    return inner or None
