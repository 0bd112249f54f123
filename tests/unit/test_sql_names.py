"""The engine's own queries name only what is the server's own, wherever the search path leads."""

from pathlib import Path

import pytest
from fixtures.engine_queries import FILES, MODULES, PACKAGE, built_in_code, names_of, unqualified_calls

from pgfleet.postgres.read.introspection import SCOPES

COMPOSED = {*SCOPES, "home_path", "objects", "lines"}
"""Common table expressions of the catalog query, which is composed of several files."""


@pytest.mark.parametrize("name", FILES)
def test_every_function_and_relation_is_qualified(name: str) -> None:
    names = names_of(name)
    assert names.functions == set()
    assert names.relations - names.expressions - COMPOSED == set()


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_every_function_in_a_statement_that_is_built_in_code_is_qualified(module: Path) -> None:
    assert {name for text in built_in_code(module) for name in unqualified_calls(text)} == set()


def test_the_statements_in_code_are_found() -> None:
    found = {text for module in MODULES for text in built_in_code(module)}
    assert len(found) > 60
    assert unqualified_calls("SELECT pg_catalog.max(a), lower(b) FROM t WHERE c IN (SELECT now())") == {"lower", "now"}
