"""The parse tree's values, and what postgast alone would get wrong."""

import pytest

from pgfleet.parser import ast, enums
from pgfleet.parser.parse import ParseError, deparse, is_reserved, nodes_in, parse_plpgsql, parse_sql


def texts(sql: str) -> list[str]:
    return [sql[each.start : each.end] for each in parse_sql(sql)]


def test_fields_have_postgresqls_names_and_none_for_what_is_absent() -> None:
    [raw] = parse_sql("SELECT a, 'x', '' FROM t JOIN s.u USING (a)")
    assert [each.val.val.sval for each in raw.stmt.targetList[1:]] == ["x", ""]
    assert (raw.stmt.whereClause, raw.stmt.intoClause, raw.stmt.groupClause) == (None, None, None)
    found = [(each.schemaname, each.relname) for each in nodes_in(raw) if isinstance(each, ast.RangeVar)]
    assert found == [(None, "t"), ("s", "u")]
    assert list(raw.stmt) == ["targetList", "fromClause", "limitOption", "op"]
    with pytest.raises(AttributeError, match="SelectStmt has no field where_clause"):
        _ = raw.stmt.where_clause


def test_enumerations_are_those_of_the_tree() -> None:
    [raw] = parse_sql("DROP TABLE t CASCADE")
    kind, behavior = enums.ObjectType.OBJECT_TABLE, enums.DropBehavior.DROP_CASCADE
    assert (raw.stmt.removeType, raw.stmt.behavior) == (kind, behavior)
    assert [[part.sval for part in each] for each in raw.stmt.objects] == [["t"]]


def test_positions_are_characters_and_leading_comments_are_left_out() -> None:
    sql = "-- ü\nSELECT 'ü' -- after\n;; /* a /* b */ */ SELECT 2 ;\n-- end"
    assert texts(sql) == ["SELECT 'ü' -- after", "SELECT 2"]
    with pytest.raises(ParseError) as caught:
        parse_sql("SELECT 'ü' frm x y")
    assert caught.value.position == 15


def test_a_string_goes_on_after_a_comment() -> None:
    assert texts("SELECT 'a' -- ü\n  'b'; SELECT 2") == ["SELECT 'a' -- ü\n  'b'", "SELECT 2"]


def test_trees_of_any_depth_are_read() -> None:
    [raw] = parse_sql("SELECT " + "1 + " * 400 + "1")
    assert sum(isinstance(each, ast.A_Expr) for each in nodes_in(raw)) == 400


@pytest.mark.parametrize("sql", ["CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql", "DO LANGUAGE plpgsql"])
def test_a_function_without_a_body_is_an_error_and_does_not_end_the_process(sql: str) -> None:
    with pytest.raises(ParseError, match="no body"):
        parse_plpgsql(sql)


def test_the_body_of_a_trigger_function_is_read() -> None:
    header = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS"
    [function] = parse_plpgsql(f"{header} 'BEGIN NEW.a := 1; RETURN NEW; END'")
    assert "NEW.a := 1" in str(function)


def test_a_statement_is_written_from_its_tree() -> None:
    [raw] = parse_sql("do  $$ begin null; end $$")
    assert deparse(raw.stmt) == "DO $$ begin null; end $$"


def test_keywords_are_quoted_unless_they_are_unreserved() -> None:
    assert [word for word in ("user", "interval", "left", "name", "tenant") if is_reserved(word)] == [
        "user",
        "interval",
        "left",
    ]
