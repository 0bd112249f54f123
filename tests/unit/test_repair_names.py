"""SQL names of catalog objects."""

import pytest
from unit.repair_objects import ODD, a_column, a_table

from pgfleet.catalog.objects import Identity, ObjectKind
from pgfleet.repair.names import literal, part_of, quoted, relation, routine, table_of


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("ai_messages", "ai_messages"),
        ("_a$1", "_a$1"),
        ("1a", '"1a"'),
        ("Name", '"Name"'),
        ("two words", '"two words"'),
        ("a.b", '"a.b"'),
        ('say "so"', '"say ""so"""'),
        ("user", '"user"'),
        ("between", '"between"'),
        ("left", '"left"'),
        ("trigger", "trigger"),
        ("naïve", '"naïve"'),
        ("", '""'),
    ],
)
def test_a_name_is_quoted_where_it_needs_it(name: str, written: str) -> None:
    assert quoted(name) == written


def test_a_relation_has_its_schema_unless_that_is_the_home_schema() -> None:
    assert relation(a_table("t").identity) == "t"
    assert relation(a_table("T", schema="s").identity) == 's."T"'
    assert relation(a_table("t", schema=ODD).identity) == '"Odd ""S.x".t'


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("f()", "f()"),
        ("F(a integer, b text)", '"F"(a integer, b text)'),
        ("f(x)(text)", '"f(x)"(text)'),
    ],
)
def test_a_routine_has_its_arguments_as_the_server_writes_them(name: str, written: str) -> None:
    assert routine(Identity(kind=ObjectKind.FUNCTION, schema=None, name=name)) == written
    assert routine(Identity(kind=ObjectKind.FUNCTION, schema="s", name=name)) == f"s.{written}"


@pytest.mark.parametrize(
    ("name", "table", "part"),
    [
        ("t.c", "t", "c"),
        ("t.t", "t", "t"),
        ("t.Order", "t", '"Order"'),
        ('t."a.b"', "t", '"a.b"'),
        ('"t.x".c', "t.x", "c"),
        ('"t.x"."a.""b"', "t.x", '"a.""b"'),
    ],
)
def test_a_part_is_distinguished_from_its_table(name: str, table: str, part: str) -> None:
    assert part_of(a_column(name, table=table)) == part


def test_the_table_of_a_part() -> None:
    assert table_of(a_column("t.c")) == "t"
    assert table_of(a_column('"t.x".c', table="t.x", schema=ODD)) == '"Odd ""S.x"."t.x"'


def test_literals() -> None:
    assert literal("it's") == "'it''s'"
