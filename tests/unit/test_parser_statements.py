"""Whether a query is a single SELECT."""

import pytest

from pgfleet.parser.statements import query_fault


@pytest.mark.parametrize(
    "sql", ["SELECT 1", "SELECT 1;", "WITH a AS (SELECT 1) SELECT * FROM a", "VALUES (1)", "TABLE a"]
)
def test_a_check_may_ask(sql: str) -> None:
    assert query_fault(sql) is None


@pytest.mark.parametrize(
    "sql",
    ["", "SELECT 1; SELECT 2", "UPDATE a SET b = 1", "DROP TABLE a", "EXPLAIN SELECT 1", "SELECT 1 INTO a", "COMMIT"],
)
def test_a_check_must_be_one_select(sql: str) -> None:
    assert query_fault(sql) == "must be a single SELECT"
