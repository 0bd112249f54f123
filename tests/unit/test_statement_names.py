"""Names that statements use: relations, functions, words."""

import pytest

from pgfleet.manifest.statement_names import names_in, tables_of, tables_read_by


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT * FROM a JOIN x.b USING (id)", {'"a"', '"x"."b"'}),
        ('SELECT FROM "A ""b"""', {'"A ""b"""'}),
        ("WITH r AS (SELECT FROM a) SELECT FROM r, y.r", {'"a"', '"y"."r"'}),
        ("WITH r AS (SELECT FROM r) SELECT FROM r", {'"r"'}),
        ("WITH a AS (SELECT FROM b), b AS (SELECT 1) SELECT FROM a", {'"b"'}),
        ("WITH RECURSIVE a AS (SELECT FROM b), b AS (SELECT 1) SELECT FROM a", set()),
        ("SELECT FROM (WITH y AS (SELECT 1) SELECT FROM y) AS t, y", {'"y"'}),
        ("WITH r AS (SELECT 1) INSERT INTO r SELECT FROM r", {'"r"'}),
        ("no SQL", set()),
    ],
)
def test_relations_without_common_table_expressions(sql: str, tables: set[str]) -> None:
    assert tables_of(sql) == tables


def test_a_script_reads_what_its_queries_name_and_what_its_blocks_may_name() -> None:
    script = """
        CREATE VIEW v AS SELECT FROM q; ALTER TABLE w ADD x int; COPY z FROM STDIN; CREATE TABLE n AS SELECT FROM o;
        REFRESH MATERIALIZED VIEW m; DO $$ BEGIN UPDATE "T".u SET a = 1; END $$;
    """
    assert tables_read_by(script) >= {'"z"', '"o"', '"m"', '"T"."u"'}
    assert not tables_read_by(script) & {'"v"', '"q"', '"w"', '"n"'}


def test_calls_are_read_as_the_server_reads_them() -> None:
    found = names_in('SELECT "Foo Bar"(1), public.x (2), pg_catalog.now(), COUNT(*), n.body FROM notes AS n')
    assert found.calls == {"Foo Bar", "now", "count"}
    assert found.qualified_calls == {"x"}
    assert "body" in found.words
    assert {"=", "*"} <= found.operators
