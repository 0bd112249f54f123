"""The hazards of ALTER TABLE's forms (PostgreSQL manual, ALTER TABLE; 13.3.1 Table-Level Locks)."""

from collections.abc import Iterator
from typing import Any

from pgfleet.hazards.codes import HazardCode as Code
from pgfleet.hazards.created import Created
from pgfleet.hazards.model import Hazard, Relation, hazards_on, relation_of
from pgfleet.hazards.types import TEXTS, cast_target, loses, read_type, rewrites
from pgfleet.hazards.walk import parts_of
from pgfleet.parser import ast, enums

At = enums.AlterTableType
Constr = enums.ConstrType
ROWLESS = (
    enums.ObjectType.OBJECT_VIEW,
    enums.ObjectType.OBJECT_INDEX,
    enums.ObjectType.OBJECT_SEQUENCE,
    enums.ObjectType.OBJECT_FOREIGN_TABLE,
)
"""What ALTER TABLE's grammar also alters, and what holds no rows of its own."""
WEAK_LOCKS = frozenset(
    {At.AT_SetStatistics, At.AT_SetOptions, At.AT_ResetOptions, At.AT_ClusterOn, At.AT_DropCluster}
    | {At.AT_SetRelOptions, At.AT_ResetRelOptions, At.AT_ValidateConstraint, At.AT_AttachPartition}
)
"""Forms that take SHARE UPDATE EXCLUSIVE, which blocks neither reads nor writes."""
TRIGGER_FORMS = frozenset(
    {At.AT_EnableTrig, At.AT_EnableAlwaysTrig, At.AT_EnableReplicaTrig, At.AT_EnableTrigAll, At.AT_EnableTrigUser}
    | {At.AT_DisableTrig, At.AT_DisableTrigAll, At.AT_DisableTrigUser}
)
REWRITING = frozenset(
    {At.AT_SetLogged, At.AT_SetUnLogged, At.AT_SetAccessMethod, At.AT_SetTableSpace, At.AT_SetExpression}
)
PRIVILEGED = frozenset(
    {At.AT_ChangeOwner, At.AT_EnableRowSecurity, At.AT_DisableRowSecurity}
    | {At.AT_ForceRowSecurity, At.AT_NoForceRowSecurity}
)
STABLE = frozenset(
    {"now", "transaction_timestamp", "statement_timestamp", "current_setting", "timezone", "date_trunc"}
    | {"to_timestamp", "make_interval", "make_date", "lower", "upper", "md5", "concat", "format", "jsonb_build_object"}
    | {"jsonb_build_array", "array_fill", "coalesce", "int4range", "int8range", "numrange", "tstzrange", "daterange"}
)
"""Functions that have one value per statement, so that a default that calls them rewrites nothing."""
CHECKING = frozenset({At.AT_SetNotNull, At.AT_ValidateConstraint})
OF_COLUMNS = frozenset({At.AT_SetNotNull, At.AT_SetExpression})
"""Forms whose name is a column's."""
SERIALS = frozenset({"serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"})


def of_alter_table(node: Any, created: Created) -> Iterator[Hazard]:
    """The hazards of one ALTER TABLE, ALTER TYPE, or the like."""
    relation = relation_of(node.relation)
    if node.objtype == enums.ObjectType.OBJECT_TYPE:
        yield from _of_attributes(node, relation)
        return
    holds_rows = node.objtype not in ROWLESS
    for command in node.cmds:
        yield from _of_command(command, relation, created) if holds_rows else _of_rowless(command, relation)


def _of_attributes(node: Any, relation: Relation) -> Iterator[Hazard]:
    """Of ALTER TYPE: a dropped attribute takes the values of every column of the type with it."""
    for command in node.cmds:
        attribute = f"{relation}.{command.name}"
        if command.subtype == At.AT_DropColumn:
            yield Hazard(code=Code.DELETES_DATA, object=attribute, detail="drops the attribute with its values")
        elif command.subtype == At.AT_AlterColumnType:
            yield Hazard(code=Code.MAY_FAIL_ON_ROWS, object=attribute, detail="fails while a column has the type")


def _of_rowless(command: Any, relation: Relation) -> Iterator[Hazard]:
    if command.subtype in PRIVILEGED:
        yield Hazard(code=Code.CHANGES_PRIVILEGES, object=str(relation))


def _of_command(command: Any, relation: Relation, created: Created) -> Iterator[Hazard]:
    form, inner = command.subtype, command.def_
    if form == At.AT_AddConstraint:
        yield from of_constraint(inner, relation)
        return
    codes = [*_locks(command)]
    codes += [Code.REWRITES_TABLE] if form in REWRITING else []
    codes += [Code.CHANGES_PRIVILEGES] if form in PRIVILEGED else []
    codes += [Code.OVERWRITES_DATA] if form == At.AT_SetExpression else []
    codes += [Code.SCANS_TABLE, Code.MAY_FAIL_ON_ROWS] if form in CHECKING else []
    name = _named(relation, command.name if form in OF_COLUMNS else None)
    yield from (Hazard(code=each, object=name, relation=relation) for each in codes)
    if form == At.AT_AddColumn:
        yield from _of_new_column(inner, relation)
    elif form == At.AT_DropColumn:
        yield from _of_dropped_column(command, relation, created)
    elif form == At.AT_AlterColumnType:
        yield from _of_type(command, relation, created)
    elif form == At.AT_AttachPartition:
        yield from _of_attached(relation_of(inner.name), created)
    elif loss := _loss_of_rows(command, relation, created):
        yield from hazards_on(relation, Code.DELETES_DATA, detail=loss)


def _locks(command: Any) -> Iterator[Code]:
    form = command.subtype
    if form in TRIGGER_FORMS:
        yield Code.BLOCKS_WRITES
    elif form not in WEAK_LOCKS and not (form == At.AT_DetachPartition and command.def_.concurrent):
        yield Code.LOCK_ACCESS_EXCLUSIVE


def _loss_of_rows(command: Any, relation: Relation, created: Created) -> str | None:
    """How rows from before the plan get lost, or leave a table that they were in."""
    form, inner = command.subtype, command.def_
    if form == At.AT_SetUnLogged and not created.is_surely_new(relation):
        return "a crash of the server empties an unlogged table"
    if form == At.AT_DetachPartition and not created.is_surely_new(relation_of(inner.name)):
        return f"takes the rows of {relation_of(inner.name)} out of it"
    if form == At.AT_DropInherit and not created.is_surely_new(relation):
        return f"takes its rows out of {relation_of(inner)}"
    return None


def _of_attached(partition: Relation, created: Created) -> Iterator[Hazard]:
    if not created.is_new(partition):
        yield from hazards_on(partition, Code.LOCK_ACCESS_EXCLUSIVE, Code.SCANS_TABLE, Code.MAY_FAIL_ON_ROWS)


def _of_dropped_column(command: Any, relation: Relation, created: Created) -> Iterator[Hazard]:
    name = _named(relation, command.name)
    if not created.is_new_column(relation, command.name):
        detail = "drops the column with its values"
        yield Hazard(code=Code.DELETES_DATA, object=name, detail=detail, relation=relation)
        yield Hazard(code=Code.BREAKS_CLIENTS, object=name, relation=relation)
    if command.behavior == enums.DropBehavior.DROP_CASCADE:
        yield Hazard(code=Code.CASCADES, object=name, relation=relation)


def _of_new_column(column: Any, relation: Relation) -> Iterator[Hazard]:
    name = _named(relation, column.colname)
    constraints = column.constraints or ()
    kinds = {each.contype for each in constraints}
    default = next((each.raw_expr for each in constraints if each.contype == Constr.CONSTR_DEFAULT), None)
    is_serial = column.typeName is not None and column.typeName.names[-1].sval in SERIALS
    is_stored = any(each.contype == Constr.CONSTR_GENERATED and each.generated_kind == "s" for each in constraints)
    if is_serial or is_stored or Constr.CONSTR_IDENTITY in kinds or _is_volatile(default):
        yield Hazard(code=Code.REWRITES_TABLE, object=name, relation=relation)
    fills = default is not None or is_serial or kinds & {Constr.CONSTR_IDENTITY, Constr.CONSTR_GENERATED}
    if kinds & {Constr.CONSTR_NOTNULL, Constr.CONSTR_PRIMARY} and not fills:
        detail = "has no default for existing rows"
        yield Hazard(code=Code.MAY_FAIL_ON_ROWS, object=name, detail=detail, relation=relation)
    for each in constraints:
        if each.contype in {Constr.CONSTR_CHECK, Constr.CONSTR_UNIQUE, Constr.CONSTR_PRIMARY, Constr.CONSTR_FOREIGN}:
            yield from of_constraint(each, relation, column=column.colname, is_filled=bool(fills))


def of_constraint(
    constraint: Any, relation: Relation, *, column: str | None = None, is_filled: bool = True
) -> Iterator[Hazard]:
    """The hazards of a constraint that is added to the table, or comes with the new column `column`.

    A new column that is not `is_filled` is null in all rows, which conflicts with no constraint.
    """
    is_foreign = constraint.contype == Constr.CONSTR_FOREIGN
    is_by_index = constraint.indexname is not None
    places = [(relation, _named(relation, column or constraint.conname))]
    if is_foreign:
        target = relation_of(constraint.pktable)
        places.append((target, str(target)))
    lock = Code.BLOCKS_WRITES if is_foreign else Code.LOCK_ACCESS_EXCLUSIVE
    yield from (Hazard(code=lock, object=name, relation=table) for table, name in places)
    if constraint.skip_validation or is_by_index:
        return
    yield Hazard(code=Code.SCANS_TABLE, object=places[0][1], relation=relation)
    if is_filled:
        yield Hazard(code=Code.MAY_FAIL_ON_ROWS, object=places[0][1], relation=relation)


def _of_type(command: Any, relation: Relation, created: Created) -> Iterator[Hazard]:
    """Of a changed type: what the cast may lose, and whether it rewrites the table."""
    column, using = command.name, command.def_.raw_default
    old, new = created.type_of(relation, column), read_type(command.def_.typeName)
    name = _named(relation, column)
    target = None if using is None else cast_target(using, column)
    is_cast = using is None or (target is not None and target.name in TEXTS | {new.name})
    is_explicit = target is not None and bool(target.modifiers)  # without a length, the assignment checks it
    lost = loses(old, new, is_explicit=is_explicit) if is_cast else True
    if lost is not False and not created.is_new_column(relation, column):
        code = Code.DELETES_DATA if lost else Code.OVERWRITES_DATA
        detail = "may lose a part of its values" if is_cast else "replaces its values by an expression"
        yield Hazard(code=code, object=name, detail=detail, relation=relation)
    if not is_cast or rewrites(old, new):
        yield Hazard(code=Code.REWRITES_TABLE, object=name, relation=relation)
        yield Hazard(code=Code.MAY_FAIL_ON_ROWS, object=name, relation=relation)
    yield Hazard(code=Code.BREAKS_CLIENTS, object=name, relation=relation)


def _is_volatile(default: Any) -> bool:
    """Whether a default may have another value in each row; unknown functions may."""
    calls = (each for each in parts_of(default) if isinstance(each, ast.FuncCall)) if default is not None else ()
    return any(each.funcname[-1].sval not in STABLE for each in calls)


def _named(relation: Relation, column: str | None) -> str:
    return f"{relation}.{column}" if column else str(relation)
