"""Sample values from column types."""

import pytest

from pgfleet.check.sample_rows import STYLES, FillableColumn, FillableTable, sample_value, sort_by_reference


def a_column(base: str, **known: object) -> FillableColumn:
    return FillableColumn(name="c", type=base, base=base, **known)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (a_column("integer"), "7"),
        (a_column("text"), "x7"),
        (a_column("character varying", length=2), "x7"),
        (a_column("character varying", length=1), "7"),
        (a_column("boolean"), "true"),
        (a_column("uuid"), "00000000-0000-0000-0000-000000000007"),
        (a_column("date"), "2020-01-08"),
        (a_column("jsonb"), '{"n": 7}'),
        (a_column("jsonb", is_array=True), '{"{\\"n\\": 7}"}'),
        (a_column("bit", length=3), "111"),
        (a_column("int4range", is_range=True), "empty"),
        (a_column("mood", labels=("sad", "glad")), "glad"),
        (a_column("text", conditions=("CHECK (c IN ('it''s', 'b'))",)), "b"),
        (a_column("text", conditions=("CHECK (c ~ '^[a-z]')",)), "x7"),
        (a_column("mystery"), None),
    ],
    ids=lambda value: value.base if isinstance(value, FillableColumn) else "",
)
def test_a_value_is_of_its_type(column: FillableColumn, value: str | None) -> None:
    assert sample_value(column, 7) == value


def test_free_text_can_be_written_in_several_styles() -> None:
    column = a_column("character varying", length=2)
    assert [sample_value(column, 7, style) for style in STYLES] == ["x7", "X7", "7"]
    assert [sample_value(column, 107, style) for style in STYLES] == ["07", "07", "07"]


@pytest.mark.parametrize("base", ["integer", "text", "uuid", "date", "timestamp with time zone", "inet", "bytea"])
def test_values_differ(base: str) -> None:
    assert len({sample_value(a_column(base), n) for n in range(1001, 1051)}) == 50


def a_table(name: str, *targets: str) -> FillableTable:
    columns = [FillableColumn(name=each, type="int", base="integer", target=("public", each, "id")) for each in targets]
    return FillableTable(schema="public", name=name, columns=tuple(columns))


def test_tables_come_after_those_that_they_refer_to_and_circles_are_broken() -> None:
    tables = [
        a_table("messages", "conversations"),
        a_table("conversations", "conversations", "users"),
        a_table("users"),
    ]
    assert [each.name for each in sort_by_reference(tables)] == ["users", "conversations", "messages"]
    circle = [a_table("a", "b"), a_table("b", "a"), a_table("c", "a")]
    assert [each.name for each in sort_by_reference(circle)] == ["a", "b", "c"]
