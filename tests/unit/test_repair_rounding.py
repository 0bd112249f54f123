"""Changes of a column's type that succeed and round its values."""

import pytest

from pgfleet.repair.generate.rounding import may_round


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ("double precision", "numeric(10,2)"),
        ("numeric(12,4)", "numeric(12,2)"),
        ("numeric", "numeric(10,2)"),
        ("numeric[]", "numeric(10,2)[]"),
        ("numeric(10,2)", "integer"),
        ("double precision", "real"),
        ("bigint", "double precision"),
        ("integer", "real"),
        ("timestamp without time zone", "timestamp(0) without time zone"),
        ("timestamp with time zone", "date"),
    ],
)
def test_a_change_that_can_round_is_one(found: str, wanted: str) -> None:
    assert may_round(found, wanted)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ("integer", "bigint"),
        ("bigint", "integer"),
        ("bigint", "numeric(5,0)"),
        ("real", "double precision"),
        ("numeric(10,2)", "numeric(12,2)"),
        ("numeric(10,2)", "numeric"),
        ("timestamp(3) without time zone", "timestamp without time zone"),
        ("date", "timestamp without time zone"),
        ("character varying(10)", "character varying(3)"),
        ("integer", "text"),
        ("double precision", "text"),
    ],
)
def test_a_change_that_keeps_every_value_or_fails_is_none(found: str, wanted: str) -> None:
    assert not may_round(found, wanted)
