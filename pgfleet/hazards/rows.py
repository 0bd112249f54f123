"""The hazards of statements that change rows."""

from collections.abc import Iterator
from typing import Any

from pgfleet.hazards.codes import HazardCode as Code
from pgfleet.hazards.created import Created
from pgfleet.hazards.model import Hazard, Relation, hazards_on, relation_of
from pgfleet.hazards.walk import parts_of
from pgfleet.parser import ast, enums


def of_delete(node: Any, created: Created) -> Iterator[Hazard]:
    """DELETE from a table that may hold rows from before the plan."""
    relation = relation_of(node.relation)
    if not created.is_surely_new(relation):
        yield from hazards_on(relation, Code.DELETES_DATA, detail="deletes rows")


def of_truncate(node: Any, created: Created) -> Iterator[Hazard]:
    """TRUNCATE; with CASCADE, also of a new table, because others may refer to it."""
    is_cascading = node.behavior == enums.DropBehavior.DROP_CASCADE
    for each in node.relations:
        relation = relation_of(each)
        if is_cascading or not created.is_surely_new(relation):
            yield from hazards_on(relation, Code.DELETES_DATA, detail="deletes all rows")
        if is_cascading:
            yield from hazards_on(relation, Code.CASCADES, detail="also empties the tables that refer to it")
        yield from hazards_on(relation, Code.LOCK_ACCESS_EXCLUSIVE)


def of_update(node: Any, created: Created) -> Iterator[Hazard]:
    """UPDATE: which columns lose their values, and which change."""
    relation = relation_of(node.relation)
    yield from _of_system_catalog(relation)
    yield from hazards_on(relation, Code.BACKFILLS_ROWS)
    yield from _of_values(node, relation, created)


def _of_system_catalog(relation: Relation) -> Iterator[Hazard]:
    """Changing PostgreSQL's own tables by hand can make any object disappear."""
    if relation.name.startswith("pg_") and relation.schema in {None, "pg_catalog"}:
        yield from hazards_on(relation, Code.DELETES_DATA, detail="changes the system catalog by hand")


def _of_values(node: Any, relation: Relation, created: Created) -> Iterator[Hazard]:
    for target in node.targetList or ():
        name = f"{relation}.{target.name}"
        if _is_lost(target, node.whereClause):
            if not created.is_new_column(relation, target.name):
                detail = "all of its values are replaced"
                yield Hazard(code=Code.DELETES_DATA, object=name, detail=detail, relation=relation)
        elif not created.has_no_values(relation, target.name):
            yield Hazard(code=Code.OVERWRITES_DATA, object=name, relation=relation)


def _of_nulls(targets: Any, relation: Relation, created: Created) -> Iterator[Hazard]:
    """Of assignments in MERGE and ON CONFLICT, of which only those of NULL are known to lose a value."""
    for each in targets or ():
        if _is_null(_value_of(each)) and not created.is_new_column(relation, each.name):
            detail = "its values are replaced by NULL"
            yield Hazard(code=Code.DELETES_DATA, object=f"{relation}.{each.name}", detail=detail, relation=relation)


def _is_lost(target: Any, where: Any) -> bool:
    """Whether old values are lost: a null replaces them, or something without them does in every row.

    Replacing a constant that the condition names (`SET x = NULL WHERE x = ''`) loses nothing that is not in the script.
    """
    column, value = target.name, _value_of(target)
    if _is_null(value):
        return not _is_compared_with_constants(where, column)
    if target.indirection:  # an element of an array, or a field of a composite value
        return False
    is_everywhere = not any(isinstance(each, ast.ColumnRef | ast.SubLink) for each in parts_of(where or ()))
    return is_everywhere and column not in _columns(value)


def _value_of(target: Any) -> Any:
    """The assigned expression, also in `SET (x, y) = (1, 2)`."""
    value: Any = target.val
    is_one_of_many = isinstance(value, ast.MultiAssignRef)
    if is_one_of_many and isinstance(value.source, ast.RowExpr):
        return value.source.args[(value.colno or 1) - 1]
    return value.source if is_one_of_many else value


def _is_null(node: Any) -> bool:
    while isinstance(node, ast.TypeCast):
        node = node.arg
    return isinstance(node, ast.SetToDefault) or (isinstance(node, ast.A_Const) and bool(node.isnull))


def _is_compared_with_constants(where: Any, column: str) -> bool:
    """Whether the condition is `column = constant`, or has it as a part that AND connects."""
    if isinstance(where, ast.BoolExpr) and where.boolop == enums.BoolExprType.AND_EXPR:
        return any(_is_compared_with_constants(each, column) for each in where.args)
    if not isinstance(where, ast.A_Expr) or where.name[-1].sval != "=":
        return False
    sides = where.rexpr if isinstance(where.rexpr, tuple) else (where.rexpr,)
    return _columns(where.lexpr) == {column} and all(isinstance(each, ast.A_Const) for each in sides)


def _columns(node: Any) -> set[str]:
    found = (each.fields[-1] for each in parts_of(node) if isinstance(each, ast.ColumnRef))
    return {getattr(each, "sval", "") for each in found}


def of_insert(node: Any, created: Created) -> Iterator[Hazard]:
    """INSERT: rows of another table, and what a conflict replaces."""
    relation = relation_of(node.relation)
    yield from _of_system_catalog(relation)
    query = node.selectStmt
    is_query = query is not None and bool(getattr(query, "fromClause", None) or getattr(query, "larg", None))
    if is_query:
        yield from hazards_on(relation, Code.BACKFILLS_ROWS)
    conflict = node.onConflictClause
    if conflict and conflict.action == enums.OnConflictAction.ONCONFLICT_UPDATE:
        yield from hazards_on(relation, Code.OVERWRITES_DATA, detail="on conflict")
        yield from _of_nulls(conflict.targetList, relation, created) if is_query else ()


def of_merge(node: Any, created: Created) -> Iterator[Hazard]:
    """MERGE: what its clauses do."""
    relation = relation_of(node.relation)
    yield from _of_system_catalog(relation)
    kinds = {each.commandType for each in node.mergeWhenClauses}
    if enums.CmdType.CMD_DELETE in kinds and not created.is_surely_new(relation):
        yield from hazards_on(relation, Code.DELETES_DATA, detail="deletes rows")
    yield from hazards_on(relation, Code.BACKFILLS_ROWS)
    if enums.CmdType.CMD_UPDATE in kinds:
        yield from hazards_on(relation, Code.OVERWRITES_DATA)
    for each in node.mergeWhenClauses:
        if each.commandType == enums.CmdType.CMD_UPDATE:
            yield from _of_nulls(each.targetList, relation, created)


def written_by(node: Any) -> Iterator[Relation]:
    """The tables whose triggers the statement fires."""
    is_copy = isinstance(node, ast.CopyStmt) and node.is_from and node.relation is not None
    if is_copy or isinstance(node, ast.InsertStmt | ast.UpdateStmt | ast.DeleteStmt | ast.MergeStmt):
        yield relation_of(node.relation)
    elif isinstance(node, ast.TruncateStmt):
        yield from map(relation_of, node.relations or ())
