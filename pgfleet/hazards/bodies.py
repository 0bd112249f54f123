"""What the body of a function or a DO block runs."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pgfleet.hazards.dynamic import read_command
from pgfleet.hazards.statements import relevant_parts
from pgfleet.hazards.text import deletes_by_text
from pgfleet.parser import ast
from pgfleet.parser.parse import ParseError, parse_plpgsql, parse_sql

EXECUTES = re.compile(r"\b(execute|spi_exec\w*|spi_query\w*|plpy|system|popen|subprocess)\b", re.IGNORECASE)
NATIVE = frozenset({"c", "internal"})
STATEMENT, EXPRESSION = 0, 2
"""How plpgsql parses a text (PostgreSQL's RawParseMode); greater modes are assignments."""
DYNAMIC = {"PLpgSQL_stmt_dynexecute": "query", "PLpgSQL_stmt_dynfors": "query", "PLpgSQL_stmt_return_query": "dynquery"}
DYNAMIC |= {"PLpgSQL_stmt_open": "dynquery"}
ASSIGNMENT = re.compile(r'\s*([\w".]+)(?:\[[^\]]*\])*\s*:?=(.*)', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A statement or an expression that a body runs; `line` is from 1 within the body.

    `relevant` are its parts that may have hazards.
    """

    node: Any
    relevant: tuple[Any, ...]
    line: int = 1
    is_command: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The statements of a body; `dynamic_at` is the line of the first EXECUTE, `suspicion` why it may delete.

    `text` is the body's text, if it is a string.
    """

    text: str = ""
    parts: tuple[Part, ...] = ()
    dynamic_at: int | None = None
    suspicion: str | None = None


def read_body(node: Any, statement: str) -> Body:
    """The body of a DO block or a function, which `statement` is the text of."""
    if isinstance(node, ast.CreateFunctionStmt) and node.sql_body is not None:
        inner = node.sql_body if isinstance(node.sql_body, tuple) else (node.sql_body,)
        return Body(parts=tuple(_part(each, 1) for each in inner))
    options = {each.defname: each.arg for each in (node.args if isinstance(node, ast.DoStmt) else node.options) or ()}
    source = options.get("as") or ()
    text = "\n".join(each.sval for each in (source if isinstance(source, tuple) else (source,)))
    language = options["language"].sval.lower() if "language" in options else "plpgsql"
    if language == "plpgsql":
        return replace(_read_plpgsql(statement, text), text=text)
    return replace(_read_sql(text) if language == "sql" else _unread(text, language), text=text)


def _part(node: Any, line: int, *, is_command: bool = True) -> Part:
    return Part(node=node, relevant=relevant_parts(node), line=line, is_command=is_command)


def _unread(text: str, language: str = "plpgsql") -> Body:
    """A body without a parser here; that of native code is only a name."""
    if language in NATIVE:
        return Body(dynamic_at=1, suspicion="runs native code, which cannot be read")
    if deletes_by_text(text):
        return Body(dynamic_at=1, suspicion="contains the text of a statement that deletes")
    executes = "runs commands in a form that cannot be read" if EXECUTES.search(text) else None
    return Body(dynamic_at=1, suspicion=executes)


def _read_sql(text: str) -> Body:
    try:
        raws = parse_sql(text)
    except ParseError:
        return _unread(text)
    lines = [text.count("\n", 0, raw.start) + 1 for raw in raws]
    return Body(parts=tuple(_part(raw.stmt, line) for raw, line in zip(raws, lines, strict=True)))


def _read_plpgsql(statement: str, text: str) -> Body:
    try:
        functions = parse_plpgsql(statement)
    except ParseError:
        return _unread(text)
    return _Reader().read(functions)


class _Reader:
    """Reads the tree of a plpgsql body."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.commands: list[tuple[Any, int]] = []
        self.variables: defaultdict[str, list[Any]] = defaultdict(list)
        self.names: list[str] = []
        self.is_unread = False

    def read(self, functions: Any) -> Body:
        self._visit(functions, 1)
        found = [(read_command(each, self.variables), line) for each, line in self.commands]
        suspicion = next((reason for (_, reason), _ in found if reason), None)
        if self.is_unread:
            suspicion = suspicion or "contains a part that cannot be read"
        dynamic = [_part(node, line) for (nodes, _), line in found for node in nodes]
        at = next((line for _, line in found), None)
        return Body(parts=(*self.parts, *dynamic), dynamic_at=at or (1 if suspicion else None), suspicion=suspicion)

    def _visit(self, value: Any, line: int) -> None:
        if isinstance(value, list):
            for each in value:
                self._visit(each, line)
        elif isinstance(value, dict):
            for name, inner in value.items():
                if name == "PLpgSQL_expr":
                    self._expression(inner, line)
                    continue
                here = inner.get("lineno", line) if isinstance(inner, dict) else line
                self._note(name, inner, here)
                self._visit(inner, here)

    def _note(self, name: str, inner: Any, line: int) -> None:
        """Records what the variables may contain, and the commands that are run."""
        if name == "datums":
            self.names = [str(next(iter(each.values())).get("refname", "")) for each in inner]
        elif name == "PLpgSQL_var" and "default_val" in inner:
            self._assign(inner["refname"], inner["default_val"]["PLpgSQL_expr"]["query"])
        elif name in {"PLpgSQL_stmt_fors", "PLpgSQL_stmt_execsql"}:
            self._assign_from_query(inner)
        elif name == "PLpgSQL_stmt_foreach_a":
            self._assign_from_array(inner)
        elif name in DYNAMIC and DYNAMIC[name] in inner:
            self.commands.append((_expression_of(inner[DYNAMIC[name]]["PLpgSQL_expr"]["query"]), line))

    def _expression(self, expression: Mapping[str, Any], line: int) -> None:
        query, mode = expression["query"], expression.get("parseMode", STATEMENT)
        if mode > EXPRESSION and (found := ASSIGNMENT.fullmatch(query)):
            self._assign(found[1], found[2])
            query, mode = found[2], EXPRESSION
        try:
            raws = parse_sql(query if mode == STATEMENT else f"SELECT {query}")
        except ParseError:
            self.is_unread = self.is_unread or deletes_by_text(query) or mode == STATEMENT
            return
        self.parts += [_part(raw.stmt, line, is_command=mode == STATEMENT) for raw in raws]

    def _assign(self, name: str, text: str) -> None:
        self.variables[name.replace('"', "")].append(_expression_of(text))

    def _assign_from_array(self, loop: Mapping[str, Any]) -> None:
        array = _expression_of(loop["expr"]["PLpgSQL_expr"]["query"])
        elements = array.elements if isinstance(array, ast.A_ArrayExpr) else (array,)
        self.variables[self.names[loop.get("varno", 0)]] += elements or ()

    def _assign_from_query(self, loop: Mapping[str, Any]) -> None:
        """The columns of a query that a loop or INTO stores in a variable, or in the fields of a record."""
        target = loop.get("var") or loop.get("target")
        query = (loop.get("query") or loop.get("sqlstmt") or {}).get("PLpgSQL_expr", {}).get("query")
        if not target or not query:
            return
        for name, column in _targets(target, _columns(query)):
            self.variables[name].append(column)


def _targets(target: Mapping[str, Any], columns: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    for kind, value in target.items():
        if kind == "PLpgSQL_rec":
            yield from ((f"{value['refname']}.{name}", column) for name, column in columns)
        elif kind == "PLpgSQL_row":
            names = [each["name"] for each in value.get("fields", ())]
            yield from ((name, column) for name, (_, column) in zip(names, columns, strict=False))
        elif "refname" in value:
            yield from ((value["refname"], column) for _, column in columns[:1])


def _columns(query: str) -> list[tuple[str, Any]]:
    """The named columns of a query; none if it is something else."""
    try:
        [raw] = parse_sql(query)
    except (ParseError, ValueError):
        return []
    targets = getattr(raw.stmt, "targetList", None) or ()
    return [(each.name or _own_name(each.val), each.val) for each in targets if isinstance(each, ast.ResTarget)]


def _own_name(value: Any) -> str:
    if isinstance(value, ast.ColumnRef):
        return getattr(value.fields[-1], "sval", "*")
    return str(value.funcname[-1].sval) if isinstance(value, ast.FuncCall) else "?column?"


def _expression_of(text: str) -> Any:
    """The expression as a node; None if it does not parse."""
    try:
        [raw] = parse_sql(f"SELECT {text}")
        statement: Any = raw.stmt
        targets: tuple[Any, ...] = statement.targetList or ()
        [target] = targets
    except (ParseError, ValueError):
        return None
    return target.val
