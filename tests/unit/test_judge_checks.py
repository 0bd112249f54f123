"""A check passes if its query returns exactly the expected rows."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pgfleet.documents.findings import CheckEntry
from pgfleet.judge.entries import judge_check
from pgfleet.judge.observations import QueryResult
from pgfleet.manifest.model import Check, Scalar

Rows = list[tuple[Any, ...]]


def judge(returns: list[tuple[Scalar, ...]], rows: Rows, *unreadable: str) -> CheckEntry:
    check = Check(name="tables", query="SELECT 1", returns=tuple(returns))
    return judge_check(check, QueryResult(rows=tuple(rows)), unreadable=unreadable)


@pytest.mark.parametrize(
    ("returns", "rows"),
    [
        pytest.param([("a",)], [("a",)], id="one row"),
        pytest.param([("a",), ("b",), ("c",)], [("c",), ("a",), ("b",)], id="whatever the order"),
        pytest.param([("a",), ("a",)], [("a",), ("a",)], id="the same row twice"),
        pytest.param([("a", True, 1, 1.5)], [("a", True, 1, 1.5)], id="every type"),
        pytest.param([('ü|, "x"',)], [('ü|, "x"',)], id="characters that separate rows and cells"),
    ],
)
def test_exactly_the_expected_rows_pass(returns: list[tuple[Scalar, ...]], rows: Rows) -> None:
    assert judge(returns, rows) == CheckEntry(name="tables", passed=True, detail=None)


@pytest.mark.parametrize(
    ("returns", "rows", "detail"),
    [
        pytest.param([("a",)], [], 'missing: "a"', id="no row"),
        pytest.param([("a",), ("b",)], [("b",)], 'missing: "a"', id="a row less"),
        pytest.param([("a",)], [("a",), ("b",)], 'unexpected: "b"', id="a row more"),
        pytest.param([("a",)], [("b",)], 'missing: "a"; unexpected: "b"', id="another row"),
        pytest.param([("a",), ("a",)], [("a",)], 'missing: "a"', id="once for twice"),
        pytest.param([("a",)], [("a",), ("a",)], 'unexpected: "a"', id="twice for once"),
        pytest.param([(True,)], [(1,)], "missing: true; unexpected: 1", id="1 is not true"),
        pytest.param([(1,)], [(True,)], "missing: 1; unexpected: true", id="true is not 1"),
        pytest.param([(0,)], [(False,)], "missing: 0; unexpected: false", id="false is not 0"),
        pytest.param([(1,)], [("1",)], 'missing: 1; unexpected: "1"', id="text is no number"),
        pytest.param([("a",)], [(None,)], 'missing: "a"; unexpected: null', id="null"),
        pytest.param([("null",)], [(None,)], 'missing: "null"; unexpected: null', id="null is not its name"),
        pytest.param([("a", "b")], [("b", "a")], 'missing: "a", "b"; unexpected: "b", "a"', id="cells have an order"),
        pytest.param([('a", "b',)], [("a", "b")], 'missing: "a\\", \\"b"; unexpected: "a", "b"', id="cells are apart"),
        pytest.param([("ü",)], [], 'missing: "ü"', id="not ASCII"),
        pytest.param(
            [("x",)],
            [(datetime(2025, 3, 15, tzinfo=UTC),)],
            'missing: "x"; unexpected: "2025-03-15 00:00:00+00:00"',
            id="a type that the manifest cannot write",
        ),
        pytest.param([("b",), ("a",)], [], 'missing: "a" | "b"', id="several, sorted"),
        pytest.param([(n,) for n in range(1, 6)], [], "missing: 1 | 2 | 3 | 4 | 5", id="five are shown"),
        pytest.param([(n,) for n in range(1, 9)], [], "missing: 1 | 2 | 3 | 4 | 5 and 3 more", id="more are counted"),
    ],
)
def test_any_other_rows_fail_and_are_reported(returns: list[tuple[Scalar, ...]], rows: Rows, detail: str) -> None:
    assert judge(returns, rows) == CheckEntry(name="tables", passed=False, detail=detail)


def test_a_check_of_a_missing_table_fails() -> None:
    answer = QueryResult(absent='relation "one" does not exist')
    check = Check(name="tables", query="SELECT 1", returns=((1,),))
    entry = CheckEntry(name="tables", passed=False, detail='relation "one" does not exist')
    assert judge_check(check, answer) == entry
    assert judge_check(check, answer, unreadable=["one"]) == entry


def test_a_check_without_an_answer_is_open_even_if_rows_came() -> None:
    check = Check(name="tables", query="SELECT 1", returns=((1,),))
    answer = QueryResult(rows=((1,),), fault="canceling statement due to statement timeout")
    assert judge_check(check, answer) == CheckEntry(name="tables", passed=None, detail=answer.fault)


def test_a_check_that_fails_while_tables_are_unreadable_is_open() -> None:
    detail = "the role cannot read every managed table"
    assert judge([("a",)], [], "public.one", "public.two") == CheckEntry(name="tables", passed=None, detail=detail)


def test_a_check_that_passes_while_tables_are_unreadable_passes() -> None:
    assert judge([("a",)], [("a",)], "public.one").passed is True
