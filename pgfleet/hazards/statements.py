"""The hazards of one statement, apart from those of the code that it calls."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pgfleet.hazards import server
from pgfleet.hazards.alter_table import of_alter_table, of_constraint
from pgfleet.hazards.codes import HazardCode as Code
from pgfleet.hazards.created import Created
from pgfleet.hazards.drops import of_drop
from pgfleet.hazards.model import Hazard, hazards_on, relation_of
from pgfleet.hazards.rows import of_delete, of_insert, of_merge, of_truncate, of_update
from pgfleet.hazards.walk import parts_of
from pgfleet.parser import ast, enums

Constr = enums.ConstrType
ACCESS_EXCLUSIVE = 8
SHARE = 5
"""Lock modes as LOCK TABLE's parse tree numbers them (PostgreSQL's lockdefs.h); from SHARE on, writes are blocked."""
TABLE_LIKE = (enums.ObjectType.OBJECT_TABLE, enums.ObjectType.OBJECT_COLUMN, enums.ObjectType.OBJECT_TABCONSTRAINT)


def hazards_of(node: Any, created: Created) -> Iterator[Hazard]:
    """The hazards of this node alone; `created` is what the plan has created before it.

    A table that the plan creates has no other users, so only the loss of data counts.
    """
    for each in HANDLERS[type(node)](node, created) if type(node) in HANDLERS else ():
        if each.code is Code.DELETES_DATA or not created.is_new(each.relation):
            yield each


def _of_new_table(node: Any, _: Created) -> Iterator[Hazard]:
    """Of CREATE TABLE: its foreign keys and its parents."""
    for each in node.tableElts or ():
        for constraint in (each, *(getattr(each, "constraints", None) or ())):
            if isinstance(constraint, ast.Constraint) and constraint.contype == Constr.CONSTR_FOREIGN:
                own = relation_of(node.relation)
                yield from (each for each in of_constraint(constraint, own, is_filled=False) if each.relation != own)
    for parent in node.inhRelations or () if node.partbound else ():
        yield from hazards_on(relation_of(parent), Code.LOCK_ACCESS_EXCLUSIVE)


def _of_index(node: Any, _: Created) -> Iterator[Hazard]:
    codes = [Code.SCANS_TABLE] if node.relation.inh else []
    codes += [] if node.concurrent else [Code.BLOCKS_WRITES]
    codes += [Code.MAY_FAIL_ON_ROWS] if node.unique or node.excludeOpNames else []
    yield from hazards_on(relation_of(node.relation), *codes)


def _of_policy(node: Any, _: Created) -> Iterator[Hazard]:
    relation = relation_of(node.table)
    yield from hazards_on(relation, Code.LOCK_ACCESS_EXCLUSIVE)
    yield Hazard(code=Code.CHANGES_PRIVILEGES, object=str(relation))


def _of_rule(node: Any, created: Created) -> Iterator[Hazard]:
    """Of a rule: it deletes whenever its event happens, which is too late to ask."""
    yield from hazards_on(relation_of(node.relation), Code.LOCK_ACCESS_EXCLUSIVE)
    for part in parts_of(node.actions or ()):
        yield from (each for each in hazards_of(part, created) if each.code is Code.DELETES_DATA)


def _of_lock(node: Any, _: Created) -> Iterator[Hazard]:
    for each in map(relation_of, node.relations):
        if node.mode >= SHARE:
            is_exclusive = node.mode == ACCESS_EXCLUSIVE
            yield from hazards_on(each, Code.LOCK_ACCESS_EXCLUSIVE if is_exclusive else Code.BLOCKS_WRITES)


def _of_vacuum(node: Any, _: Created) -> Iterator[Hazard]:
    is_full = any(each.defname == "full" for each in node.options or ())
    for each in node.rels or ():
        codes = (Code.LOCK_ACCESS_EXCLUSIVE, Code.REWRITES_TABLE) if is_full else (Code.SCANS_TABLE,)
        yield from hazards_on(relation_of(each.relation), *codes)
    if not node.rels:
        yield Hazard(code=Code.REWRITES_TABLE if is_full else Code.SCANS_TABLE, object="every table")


def _of_cluster(node: Any, _: Created) -> Iterator[Hazard]:
    relation = relation_of(node.relation) if node.relation else None
    for code in (Code.LOCK_ACCESS_EXCLUSIVE, Code.REWRITES_TABLE):
        yield Hazard(code=code, object=str(relation or "every clustered table"), relation=relation)


def _of_reindex(node: Any, _: Created) -> Iterator[Hazard]:
    relation = relation_of(node.relation) if node.relation else None
    is_concurrent = any(each.defname == "concurrently" for each in node.params or ())
    for code in (Code.SCANS_TABLE, *(() if is_concurrent else (Code.BLOCKS_WRITES,))):
        yield Hazard(code=code, object=str(relation or node.name), relation=relation)


def _of_refresh(node: Any, _: Created) -> Iterator[Hazard]:
    codes = () if node.concurrent else (Code.LOCK_ACCESS_EXCLUSIVE,)
    yield from hazards_on(relation_of(node.relation), *codes, Code.REWRITES_TABLE)


def _of_rename(node: Any, _: Created) -> Iterator[Hazard]:
    relation = relation_of(node.relation) if node.relation else None
    name = f"{relation}.{node.subname}" if relation and node.subname else str(relation or node.subname or node.newname)
    if relation and (node.renameType in TABLE_LIKE):
        yield Hazard(code=Code.LOCK_ACCESS_EXCLUSIVE, object=name, relation=relation)
    if node.renameType not in {enums.ObjectType.OBJECT_INDEX, enums.ObjectType.OBJECT_TABCONSTRAINT}:
        yield Hazard(code=Code.BREAKS_CLIENTS, object=name, detail=f"renamed to {node.newname}", relation=relation)


def _of_move(node: Any, _: Created) -> Iterator[Hazard]:
    relation = relation_of(node.relation) if node.relation else None
    if relation:
        yield from hazards_on(relation, Code.LOCK_ACCESS_EXCLUSIVE)
    name = str(relation or "an object")
    detail = f"moved to schema {node.newschema}"
    yield Hazard(code=Code.BREAKS_CLIENTS, object=name, detail=detail, relation=relation)


def _of_sequence(node: Any, _: Created) -> Iterator[Hazard]:
    if any(each.defname == "restart" for each in node.options or ()):
        yield Hazard(code=Code.OVERWRITES_DATA, object=str(relation_of(node.sequence)), detail="its position is lost")


def _of_enum(node: Any, _: Created) -> Iterator[Hazard]:
    if node.oldVal:
        yield Hazard(code=Code.BREAKS_CLIENTS, object=node.oldVal, detail=f"renamed to {node.newVal}")


def _of_domain(node: Any, _: Created) -> Iterator[Hazard]:
    constraint = node.def_
    if node.subtype in {"C", "O", "V"} and not (constraint is not None and constraint.skip_validation):
        name = ".".join(each.sval for each in node.typeName)
        for code in (Code.SCANS_TABLE, Code.MAY_FAIL_ON_ROWS):
            yield Hazard(code=code, object=name, detail="in each table with a column of it")


Handler = Callable[[Any, Created], Iterator[Hazard]]
HANDLERS: Mapping[type, Handler] = {
    ast.AlterTableStmt: of_alter_table,
    ast.DropStmt: of_drop,
    ast.DeleteStmt: of_delete,
    ast.TruncateStmt: of_truncate,
    ast.UpdateStmt: of_update,
    ast.InsertStmt: of_insert,
    ast.MergeStmt: of_merge,
    ast.CreateStmt: _of_new_table,
    ast.IndexStmt: _of_index,
    ast.CreateTrigStmt: lambda node, _: hazards_on(relation_of(node.relation), Code.BLOCKS_WRITES),
    ast.RuleStmt: _of_rule,
    ast.LockStmt: _of_lock,
    ast.VacuumStmt: _of_vacuum,
    ast.ClusterStmt: _of_cluster,
    ast.ReindexStmt: _of_reindex,
    ast.RefreshMatViewStmt: _of_refresh,
    ast.RenameStmt: _of_rename,
    ast.AlterObjectSchemaStmt: _of_move,
    ast.AlterSeqStmt: _of_sequence,
    ast.AlterEnumStmt: _of_enum,
    ast.AlterDomainStmt: _of_domain,
    ast.CopyStmt: server.of_copy,
    ast.CreateFunctionStmt: server.of_function,
    ast.AlterFunctionStmt: server.of_altered_function,
    ast.CreateEventTrigStmt: server.of_event_trigger,
    ast.DropdbStmt: server.of_database,
    ast.DropOwnedStmt: server.of_owned,
    ast.AlterExtensionStmt: server.of_updated_extension,
    ast.AlterOwnerStmt: server.of_owner,
    ast.VariableSetStmt: server.of_setting,
    ast.DropTableSpaceStmt: server.of_dropped_tablespace,
    **dict.fromkeys((ast.CreatePolicyStmt, ast.AlterPolicyStmt), _of_policy),
    **dict.fromkeys(
        (ast.GrantStmt, ast.AlterDefaultPrivilegesStmt, ast.ReassignOwnedStmt, ast.SecLabelStmt), server.of_privileges
    ),
    **dict.fromkeys(
        (ast.CreateRoleStmt, ast.AlterRoleStmt, ast.AlterRoleSetStmt, ast.DropRoleStmt, ast.GrantRoleStmt),
        server.of_role,
    ),
    **dict.fromkeys(
        (
            *(ast.CreatedbStmt, ast.AlterDatabaseStmt, ast.AlterDatabaseSetStmt, ast.AlterDatabaseRefreshCollStmt),
            *(ast.CreateTableSpaceStmt, ast.AlterTableSpaceOptionsStmt, ast.AlterTableMoveAllStmt, ast.AlterSystemStmt),
            *(ast.CreateSubscriptionStmt, ast.AlterSubscriptionStmt, ast.DropSubscriptionStmt, ast.LoadStmt),
        ),
        server.of_server,
    ),
}
"""What each kind of statement does; the others do nothing that a reviewer must know."""
DEFINERS = (ast.DefineStmt, ast.CreateCastStmt, ast.CreateOpClassStmt, ast.CreateEventTrigStmt, ast.CreateRangeStmt)
"""Statements that give a function another name, or have the server call it."""
RELEVANT = (*HANDLERS, ast.FuncCall, ast.ViewStmt, *DEFINERS)


def relevant_parts(node: Any) -> tuple[Any, ...]:
    """The parts of a statement that may have hazards: few of many."""
    return tuple(each for each in parts_of(node) if isinstance(each, RELEVANT))
