"""The engine's own queries name only the server's own objects, for any search path."""

import re

import postgast
import pytest
from fixtures.engine_queries import FILES, MODULES, PACKAGE, built_in_code, names_of, unqualified_calls

from pgfleet.parser.parse import COMMENTS
from pgfleet.postgres.read.introspection import SCOPES
from pgfleet.run.shipped import sql_folder, statement

COMPOSED = {*SCOPES, "home_path", "objects", "lines"}
"""Common table expressions of the catalog query, which is composed of several files."""
CONTINUATION = re.compile(r"(?<=')\n\s*(?=')")
"""Between two parts of one string."""
DOLLAR_QUOTES = re.compile(r"(\$\w*\$)(.*)\1", re.DOTALL)


def test_every_function_and_relation_is_qualified() -> None:
    found = {}
    for name in FILES:
        names = names_of(name)
        found[name] = names.functions | (names.relations - names.expressions - COMPOSED)
    assert {name: unqualified for name, unqualified in found.items() if unqualified} == {}


def test_every_function_in_a_statement_that_is_built_in_code_is_qualified() -> None:
    found = {
        str(module.relative_to(PACKAGE)): {name for text in built_in_code(module) for name in unqualified_calls(text)}
        for module in MODULES
    }
    assert {module: unqualified for module, unqualified in found.items() if unqualified} == {}


def test_the_statements_in_code_are_found() -> None:
    found = {text for module in MODULES for text in built_in_code(module)}
    assert len(found) > 60
    assert unqualified_calls("SELECT pg_catalog.max(a), lower(b) FROM t WHERE c IN (SELECT now())") == {"lower", "now"}


@pytest.mark.parametrize("name", FILES)
def test_a_statement_without_comments_and_indentation_has_the_same_tokens(name: str) -> None:
    assert _tokens(statement(name)) == _tokens((sql_folder() / f"{name}.sql").read_text())


def _tokens(sql: str) -> list[str]:
    """A text's tokens without comments; instead of a block in dollar quotes, the tokens of the block."""
    encoded, found = sql.encode(), list[str]()
    for each in postgast.scan(sql).tokens:
        text = encoded[each.start : each.end].decode()
        if DOLLAR_QUOTES.fullmatch(text):
            found += _tokens(DOLLAR_QUOTES.sub(r"\2", text))
        elif each.token not in COMMENTS:
            found.append(CONTINUATION.sub("\n", text))
    return found
