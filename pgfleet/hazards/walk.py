"""Every part of a statement that runs when the statement runs."""

from collections.abc import Iterator
from typing import Any

from pgfleet.parser import ast

INERT = (ast.CreateFunctionStmt, ast.ViewStmt, ast.RuleStmt, ast.CreatePolicyStmt, ast.AlterPolicyStmt)
"""Statements that define code and run none of it; rules have their own handler."""


def parts_of(node: Any) -> Iterator[Any]:
    """The node and those within it, from the outside in; not what is only defined, and not what is only explained."""
    if isinstance(node, tuple):
        for each in node:
            yield from parts_of(each)
    elif isinstance(node, ast.Node):
        yield node
        if not (isinstance(node, INERT) or _is_only_explained(node)):
            for name in node:
                yield from parts_of(getattr(node, name))


def _is_only_explained(node: Any) -> bool:
    return isinstance(node, ast.ExplainStmt) and not any(each.defname == "analyze" for each in node.options or ())
