"""The SQL that a command built at run time amounts to, as far as its text shows."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, product
from typing import Any

from pgfleet.hazards.text import deletes_by_text
from pgfleet.parser import ast
from pgfleet.parser.parse import ParseError, parse_sql

UNKNOWN = "\x00"
"""Stands for a part that is known only at run time."""
NAME, NUMBER = "known_at_run_time", "1"
"""What an unknown part is read as."""
MOST_TEXTS = 64
PLACEHOLDER = re.compile(r"%(?:(\d+)\$)?-?\d*([sIL%])")
TRANSPARENT = frozenset({"concat", "btrim", "trim", "rtrim", "ltrim", "string_agg", "array_to_string", "coalesce"})
Variables = Mapping[str, list[Any]]
"""The expressions that are assigned to each variable; a field of a record is `record.field`."""


def read_command(expression: Any, variables: Variables) -> tuple[list[Any], str | None]:
    """The statements that an EXECUTE may run, and why it may run something else that deletes; None if it does not."""
    nodes: list[Any] = []
    for text in _texts(expression, variables, frozenset()):
        if deletes_by_text(text):
            return nodes, "runs a command that deletes"
        found = _parse(text, NAME) or _parse(text, NUMBER)
        if found is None:
            return nodes, "runs a command that is built at run time and cannot be read"
        nodes += found
    return nodes, None


def _parse(text: str, stand_in: str) -> list[Any] | None:
    try:
        return [raw.stmt for raw in parse_sql(text.replace(UNKNOWN, stand_in))]
    except ParseError:
        return None


def texts_of(expression: Any) -> list[str]:
    """The texts that an expression outside a body may have, with UNKNOWN for what is known only at run time."""
    return _texts(expression, {}, frozenset())


def _texts(node: Any, variables: Variables, seen: frozenset[str]) -> list[str]:
    """The texts that the expression may have, at most MOST_TEXTS; UNKNOWN alone if there are more."""
    found = list(islice(_alternatives(node, variables, seen), MOST_TEXTS + 1))
    return found if len(found) <= MOST_TEXTS else [UNKNOWN]


def _alternatives(node: Any, variables: Variables, seen: frozenset[str]) -> Iterator[str]:  # noqa: C901 (a list of cases)
    match node:
        case ast.A_Const(val=ast.String(sval=text)):
            yield text or ""
        case ast.A_Const(val=ast.Integer(ival=number)):
            yield str(number or 0)
        case ast.TypeCast(arg=inner) | ast.CollateClause(arg=inner):
            yield from _texts(inner, variables, seen)
        case ast.A_Expr(name=(ast.String(sval="||"),), lexpr=left, rexpr=right) if left is not None:
            yield from _joined([left, right], variables, seen)
        case ast.CaseExpr(args=cases, defresult=default):
            for each in (*(case.result for case in cases), *((default,) if default else ())):
                yield from _texts(each, variables, seen)
        case ast.CoalesceExpr(args=arguments):
            for each in arguments:
                yield from _texts(each, variables, seen)
        case ast.ColumnRef(fields=fields):
            yield from _of_variable(".".join(getattr(each, "sval", "*") for each in fields), variables, seen)
        case ast.FuncCall():
            yield from _of_call(node, variables, seen)
        case _:
            yield UNKNOWN


def _joined(nodes: Iterable[Any], variables: Variables, seen: frozenset[str]) -> Iterator[str]:
    for each in product(*(_texts(node, variables, seen) for node in nodes)):
        yield "".join(each)


def _of_variable(name: str, variables: Variables, seen: frozenset[str]) -> Iterator[str]:
    """What was assigned to the variable; a variable that is built up from itself has no bound."""
    if name in seen or name not in variables:
        yield UNKNOWN
        return
    for each in variables[name]:
        yield from _texts(each, variables, seen | {name})


def _of_call(call: Any, variables: Variables, seen: frozenset[str]) -> Iterator[str]:
    name, arguments = call.funcname[-1].sval, call.args or ()
    if name == "format" and arguments:
        for template in _texts(arguments[0], variables, seen):
            yield from _formatted(template, arguments[1:], variables, seen)
    elif name == "quote_ident":
        yield NAME
    elif name in {"quote_literal", "quote_nullable"}:
        yield "''"
    elif name in TRANSPARENT and arguments:
        yield from _joined(arguments if name == "concat" else arguments[:1], variables, seen)
    else:
        yield UNKNOWN


def _formatted(template: str, arguments: tuple[Any, ...], variables: Variables, seen: frozenset[str]) -> Iterator[str]:
    """The results of `format`: names and literals are quoted, so that only %s can change what the command is."""
    pieces: list[list[str]] = []
    end = place = 0
    for found in PLACEHOLDER.finditer(template):
        pieces.append([template[end : found.start()]])
        end = found.end()
        if found[2] == "%":
            pieces.append(["%"])
            continue
        place = int(found[1]) if found[1] else place + 1
        if found[2] == "s" and place <= len(arguments):
            pieces.append(_texts(arguments[place - 1], variables, seen))
        else:
            pieces.append([NAME if found[2] == "I" else "''" if found[2] == "L" else UNKNOWN])
    pieces.append([template[end:]])
    yield from ("".join(each) for each in product(*pieces))
