"""What earlier statements of a plan have created: locking, filling, or dropping it harms nobody."""

from typing import Any

from pgfleet.hazards.model import Relation, relation_named, relation_of
from pgfleet.hazards.types import ColumnType, read_type
from pgfleet.parser import ast, enums

TABLE_KINDS = (enums.ObjectType.OBJECT_TABLE, enums.ObjectType.OBJECT_FOREIGN_TABLE)
CASCADE = enums.DropBehavior.DROP_CASCADE


class Created:
    """The tables, columns, and indexes that statements of the plan have created so far, and what is known of columns.

    `tables` cannot have existed before: no other row was ever in them. `presumed` may have existed: CREATE TABLE IF NOT
    EXISTS made them in a migration that is pending. A name leaves both as soon as it might mean something else.
    """

    def __init__(self) -> None:
        self.tables: set[Relation] = set()
        self.presumed: set[Relation] = set()
        self.columns: set[tuple[Relation, str]] = set()
        self.presumed_columns: set[tuple[Relation, str]] = set()
        self.types: dict[tuple[Relation, str], ColumnType] = {}
        self.indexes: set[str] = set()
        self._temporary: set[Relation] = set()

    def is_new(self, relation: Relation | None) -> bool:
        """Whether nobody else uses the table yet."""
        return relation in self.tables or relation in self.presumed

    def is_surely_new(self, relation: Relation) -> bool:
        """Whether the table cannot hold rows from before the plan."""
        return relation in self.tables

    def is_new_column(self, relation: Relation, column: str) -> bool:
        """Whether the column cannot hold values from before the plan."""
        return relation in self.tables or (relation, column) in self.columns

    def has_no_values(self, relation: Relation, column: str) -> bool:
        """Whether the column holds no values from before the plan, as far as is known."""
        return self.is_new(relation) or (relation, column) in self.columns | self.presumed_columns

    def type_of(self, relation: Relation, column: str) -> ColumnType | None:
        """The column's type, if an earlier script names it."""
        return self.types.get((relation, column))

    def end_script(self) -> None:
        """A session drops its temporary tables after a script."""
        for relation in self._temporary:
            self._forget(relation)
        self._temporary.clear()

    def forget_names(self) -> None:
        """From here on, a name might mean something else; what was presumed is still presumed."""
        self.presumed |= self.tables
        self.presumed_columns |= self.columns
        self.tables.clear()
        self.columns.clear()

    def learn(self, node: Any, *, is_pending: bool = True, is_run: bool = True) -> None:
        """Records what the statement creates, renames, and drops.

        `is_pending` means that the script's objects do not exist yet. Of a script that does not run, only the types of
        its columns are recorded.
        """
        self._learn_types(node)
        if is_run:
            self._learn_names(node, is_pending)

    def _learn_names(self, node: Any, is_pending: bool) -> None:  # noqa: C901 (a list of cases)
        match node:
            case ast.CreateSchemaStmt():
                for each in node.schemaElts or ():
                    self._learn_names(each, is_pending)
            case ast.CreateStmt():
                self._add(node.relation, node.if_not_exists, is_pending, node.oncommit)
                self._expose_parents(node)
            case ast.CreateTableAsStmt():
                self._add(node.into.rel, node.if_not_exists, is_pending, node.into.onCommit)
            case ast.SelectStmt() if node.intoClause:
                self._add(node.intoClause.rel, False, is_pending, node.intoClause.onCommit)
            case ast.IndexStmt() if node.idxname and not (node.if_not_exists and not is_pending):
                self.indexes.add(node.idxname)
            case ast.AlterTableStmt():
                self._alter(node, is_pending)
            case ast.DropStmt():
                self._drop(node)
            case ast.RenameStmt():
                self._rename(node)
            case ast.AlterObjectSchemaStmt() if node.relation:
                self._forget(relation_of(node.relation))
                self._forget(Relation(node.newschema, str(node.relation.relname)))
            case ast.VariableSetStmt() if (node.name or "search_path") == "search_path":
                self._forget_unqualified()
            case ast.DiscardStmt():
                self.end_script()
                self._forget_unqualified()

    def _add(self, node: Any, if_not_exists: bool | None, is_pending: bool, on_commit: Any) -> None:
        relation = relation_of(node)
        if on_commit == enums.OnCommitAction.ONCOMMIT_DROP:
            return
        if node.relpersistence == "t":
            self._temporary.add(relation)
        if not if_not_exists:
            self.tables.add(relation)
        elif is_pending:
            self.presumed.add(relation)

    def _expose_parents(self, node: Any) -> None:
        """Deleting from a new table that rows of others refer to with ON DELETE CASCADE deletes these rows."""
        for each in _constraints(node):
            self._expose(each)

    def _expose(self, constraint: Any) -> None:
        if constraint.contype == enums.ConstrType.CONSTR_FOREIGN and constraint.fk_del_action in "cnd":
            self._forget_sure(relation_of(constraint.pktable))

    def _alter(self, node: Any, is_pending: bool) -> None:
        relation = relation_of(node.relation)
        for command in node.cmds:
            inner = command.def_
            if command.subtype == enums.AlterTableType.AT_AddColumn:
                key = (relation, inner.colname)
                if not command.missing_ok:
                    self.columns.add(key)
                elif is_pending:
                    self.presumed_columns.add(key)
                for each in inner.constraints or ():
                    self._expose(each)
            elif isinstance(inner, ast.Constraint):
                self._expose(inner)
            elif command.subtype == enums.AlterTableType.AT_AddInherit and not self.is_surely_new(relation):
                self._forget_sure(relation_of(inner))
            elif isinstance(inner, ast.PartitionCmd) and not self.is_surely_new(relation_of(inner.name)):
                self._forget_sure(relation)

    def _drop(self, node: Any) -> None:
        if node.removeType in TABLE_KINDS:
            for each in node.objects:
                self._forget(relation_named(each))
        elif node.removeType == enums.ObjectType.OBJECT_INDEX:
            self.indexes -= {relation_named(each).name for each in node.objects}
        elif node.behavior == CASCADE:
            self.forget_names()

    def _rename(self, node: Any) -> None:
        if node.renameType == enums.ObjectType.OBJECT_COLUMN:
            relation = relation_of(node.relation)
            was_new = (relation, node.subname) in self.columns
            for name in (node.subname, node.newname):
                self.columns.discard((relation, name))
                self.presumed_columns.discard((relation, name))
            known = self.types.pop((relation, node.subname), None)
            self.types.pop((relation, node.newname), None)
            if known:
                self.types[relation, node.newname] = known
            if was_new:
                self.columns.add((relation, node.newname))
        elif node.renameType == enums.ObjectType.OBJECT_INDEX:
            self.indexes -= {node.relation.relname, node.newname}
        elif node.renameType == enums.ObjectType.OBJECT_SCHEMA:
            self.forget_names()
        elif node.relation is not None and node.subname is None:
            relation = relation_of(node.relation)
            target = Relation(relation.schema, node.newname)
            was_new = relation in self.tables
            self._forget(relation)
            self._forget(target)
            if was_new:
                self.tables.add(target)

    def _forget(self, relation: Relation) -> None:
        self.tables.discard(relation)
        self.presumed.discard(relation)
        for known in (self.columns, self.presumed_columns):
            known -= {each for each in known if each[0] == relation}
        for each in [key for key in self.types if key[0] == relation]:
            del self.types[each]

    def _forget_sure(self, relation: Relation) -> None:
        if relation in self.tables:
            self.tables.discard(relation)
            self.presumed.add(relation)

    def _forget_unqualified(self) -> None:
        for known in (self.tables, self.presumed):
            known -= {each for each in known if each.schema is None}
        for columns in (self.columns, self.presumed_columns):
            columns -= {each for each in columns if each[0].schema is None}

    def _learn_types(self, node: Any) -> None:
        if isinstance(node, ast.CreateStmt):
            for each in node.tableElts or ():
                if isinstance(each, ast.ColumnDef):
                    self.types[relation_of(node.relation), each.colname] = read_type(each.typeName)
        elif isinstance(node, ast.AlterTableStmt):
            for command in node.cmds:
                column = command.def_
                if isinstance(column, ast.ColumnDef) and column.typeName:
                    name = column.colname or command.name
                    self.types[relation_of(node.relation), name] = read_type(column.typeName)


def _constraints(node: Any) -> list[Any]:
    elements = [*(node.tableElts or ())]
    inner = [one for each in elements if isinstance(each, ast.ColumnDef) for one in each.constraints or ()]
    return [each for each in (*elements, *inner) if isinstance(each, ast.Constraint)]
