"""The hazards of scripts, in the order in which a plan runs them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from pgfleet.hazards.bodies import Body, Part, read_body
from pgfleet.hazards.calls import of_call, of_unknown_call
from pgfleet.hazards.codes import HazardCode as Code
from pgfleet.hazards.created import Created
from pgfleet.hazards.model import Finding, Hazard, relation_of
from pgfleet.hazards.rows import written_by
from pgfleet.hazards.statements import DEFINERS, hazards_of, relevant_parts
from pgfleet.hazards.walk import parts_of
from pgfleet.parser import ast, enums
from pgfleet.parser.parse import deparse, parse_sql
from pgfleet.parser.statements import split
from pgfleet.wording import shortened

ROUTINES = (enums.ObjectType.OBJECT_FUNCTION, enums.ObjectType.OBJECT_PROCEDURE, enums.ObjectType.OBJECT_ROUTINE)
LATER: dict[type, tuple[str, ...]] = {
    ast.RuleStmt: ("actions",),
    ast.ViewStmt: ("query",),
    ast.CreatePolicyStmt: ("qual", "with_check"),
    ast.AlterPolicyStmt: ("qual", "with_check"),
}
"""Statements whose code the server runs later: when a table is read or written."""
WITH_BODIES = (ast.DoStmt, ast.CreateFunctionStmt)
WRITING = frozenset({Code.DELETES_DATA, Code.OVERWRITES_DATA, Code.BACKFILLS_ROWS, Code.DYNAMIC_SQL})
MOST_CHARACTERS = 120


class Scripts:
    """Reads scripts one after another, and knows what the earlier ones have created and defined."""

    def __init__(self) -> None:
        self._created = Created()
        self._routines: defaultdict[str, list[Body]] = defaultdict(list)
        self._triggers: defaultdict[str, set[str]] = defaultdict(set)
        self._kin: defaultdict[str, set[str]] = defaultdict(set)

    def read(self, sql: str, *, is_pending: bool = True, is_run: bool = True) -> tuple[Finding, ...]:
        """The hazards of the next script, by line. Raises ParseError for one that does not parse.

        `is_pending` means that its objects do not exist yet. Of a script that does not run, only its definitions are
        read.
        """
        found: dict[tuple[int, Code, str], Finding] = {}
        for statement in _parse(sql):
            self._define(statement.node, statement.body)
            for hazard, below in self._of_statement(statement) if is_run else ():
                line = statement.line + below
                finding = Finding(
                    hazard=hazard, line=line, statement=shortened(" ".join(statement.text.split()), MOST_CHARACTERS)
                )
                found.setdefault((line, hazard.code, hazard.object), finding)
            self._created.learn(statement.node, is_pending=is_pending, is_run=is_run)
            if is_run and self._runs_code(statement):
                self._created.forget_names()  # the code may rename and drop anything, and change the search path
        self._created.end_script()
        return tuple(sorted(found.values(), key=lambda each: each.line or 0))

    def forget_types(self) -> None:
        """From here on, columns may have other types than the scripts give them."""
        self._created.types.clear()

    def _of_statement(self, statement: "_Parsed") -> Iterator[tuple[Hazard, int]]:
        """Each hazard, with the number of lines from the statement's first one to it."""
        for hazard in (*self._of_parts(statement.relevant, frozenset()), *self._of_unknown(statement.node)):
            yield hazard, 0
        if statement.body and isinstance(statement.node, ast.DoStmt):
            above = statement.text[: max(statement.text.find(statement.body.text), 0)].count("\n")
            for hazard, line in self._of_body(statement.body, frozenset()):
                yield hazard, above + line - 1

    def _runs_code(self, statement: "_Parsed") -> bool:
        calls = (each.funcname[-1].sval for each in statement.relevant if isinstance(each, ast.FuncCall))
        is_block = isinstance(statement.node, ast.DoStmt | ast.CallStmt)
        return is_block or any(each in self._routines or each == "set_config" for each in calls)

    def _of_parts(self, parts: Iterable[Any], seen: frozenset[str]) -> Iterator[Hazard]:
        for part in parts:
            yield from hazards_of(part, self._created)
            yield from self._of_code(part, seen)

    def _of_body(self, body: Body, seen: frozenset[str]) -> Iterator[tuple[Hazard, int]]:
        if body.dynamic_at:
            yield Hazard(code=Code.DYNAMIC_SQL, detail="runs SQL that is built at run time"), body.dynamic_at
        if body.suspicion:
            yield Hazard(code=Code.DELETES_DATA, detail=body.suspicion), body.dynamic_at or 1
        for part in body.parts:
            yield from ((hazard, part.line) for hazard in self._of_part(part, seen))

    def _of_part(self, part: Part, seen: frozenset[str]) -> Iterator[Hazard]:
        yield from self._of_parts(part.relevant, seen)
        if part.is_command:
            yield from self._of_unknown(part.node)
        inner = _body_of(part.node) if isinstance(part.node, ast.DoStmt) else None
        if inner:
            yield from (hazard for hazard, _ in self._of_body(inner, seen))

    def _of_unknown(self, node: Any) -> Iterator[Hazard]:
        for each in of_unknown_call(node):
            if each.object.rsplit(".", 1)[-1] not in self._routines:
                yield each

    def _of_code(self, node: Any, seen: frozenset[str]) -> Iterator[Hazard]:
        """The hazards of the code that the node makes the server run, now or later."""
        if isinstance(node, ast.FuncCall):
            name = node.funcname[-1].sval
            yield from self._of_routine(name, seen) if name in self._routines else of_call(node)
        for relation in written_by(node):
            for name in self._triggers_of(relation.name):
                yield from self._deleting(name, seen, f"fires a trigger of {relation}")
        if type(node) in LATER:
            inner = [getattr(node, name) or () for name in LATER[type(node)]]
            found = (each for part in parts_of(tuple(inner)) for each in self._of_code(part, seen))
            yield from (each for each in found if each.code is Code.DELETES_DATA)
        if isinstance(node, DEFINERS):
            for name in (str(part.sval) for part in parts_of(node) if isinstance(part, ast.String)):
                yield from self._deleting(name, seen, f"has the server call {name}()")

    def _triggers_of(self, table: str) -> set[str]:
        """The triggers of a table, of its partitions, and of what it is a partition of."""
        family, waiting = {table}, [table]
        while waiting:
            found = self._kin[waiting.pop()] - family
            family |= found
            waiting += found
        return {trigger for each in family for trigger in self._triggers[each]}

    def _of_routine(self, name: str, seen: frozenset[str]) -> Iterator[Hazard]:
        """What a routine of the manifest does; nothing more if it calls itself."""
        if name in seen:
            return
        found = [hazard for body in self._routines[name] for hazard, _ in self._of_body(body, seen | {name})]
        for each in dict.fromkeys(found):
            yield replace(each, detail=f"in {name}(): {each.detail}" if each.detail else f"in {name}()")
        if any(each.code in WRITING for each in found):
            yield Hazard(code=Code.DYNAMIC_SQL, object=name, detail="calls a function that writes")

    def _deleting(self, name: str, seen: frozenset[str], detail: str) -> Iterator[Hazard]:
        if name in self._routines and any(each.code is Code.DELETES_DATA for each in self._of_routine(name, seen)):
            yield Hazard(code=Code.DELETES_DATA, object=name, detail=f"{detail}, which deletes")

    def _define(self, node: Any, body: Body | None) -> None:
        """Records the routines and triggers that the statement defines, also within a DO block."""
        if body and isinstance(node, ast.CreateFunctionStmt):
            self._routines[node.funcname[-1].sval].append(body)
        elif body:
            for part in body.parts:
                self._define(part.node, _body_of(part.node))
        elif isinstance(node, ast.CreateTrigStmt):
            self._triggers[relation_of(node.relation).name].add(node.funcname[-1].sval)
        elif isinstance(node, ast.CreateStmt):
            self._relate(str(node.relation.relname), *(str(each.relname) for each in node.inhRelations or ()))
        elif isinstance(node, ast.AlterTableStmt):
            partitions = (each.def_.name for each in node.cmds or () if isinstance(each.def_, ast.PartitionCmd))
            self._relate(str(node.relation.relname), *(str(each.relname) for each in partitions))
        elif isinstance(node, ast.RenameStmt) and node.renameType in ROUTINES:
            self._routines[node.newname] += self._routines[node.object.objname[-1].sval]
        elif isinstance(node, ast.RenameStmt) and node.relation is not None and node.subname is None:
            self._relate(str(node.newname), str(node.relation.relname))

    def _relate(self, table: str, *others: str) -> None:
        for each in others:
            self._kin[table].add(each)
            self._kin[each].add(table)


def created_by(sql: str) -> Created:
    """The tables and columns that a script creates, or makes sure exist, and that are still there at its end."""
    created = Created()
    for each in _parse(sql):
        created.learn(each.node)
    return created


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parsed:
    """One statement: its text, its first line in the script, its tree, and the body that it contains, if any."""

    text: str
    line: int
    node: Any
    relevant: tuple[Any, ...]
    body: Body | None


@lru_cache(maxsize=1024)
def _parse(sql: str) -> tuple[_Parsed, ...]:
    """The statements of a script; a plan reads the same script once for each group of tenants."""
    return tuple(
        _Parsed(
            text=statement.text,
            line=sql.count("\n", 0, statement.start) + 1,
            node=raw.stmt,
            relevant=relevant_parts(raw.stmt),
            body=read_body(raw.stmt, statement.text) if isinstance(raw.stmt, WITH_BODIES) else None,
        )
        for statement, raw in zip(split(sql), parse_sql(sql), strict=True)
    )


def _body_of(node: Any) -> Body | None:
    """The body of a statement that has been found within another body."""
    return read_body(node, deparse(node)) if isinstance(node, WITH_BODIES) else None
