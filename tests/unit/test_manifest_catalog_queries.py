"""Queries whose rows depend on nothing but catalogs."""

from dataclasses import replace

import pytest
from fixtures.manifests import linear_manifest

from pgfleet.manifest.catalog_queries import own_names, reads_only_catalogs
from pgfleet.manifest.model import Manifest

CATALOGS_ONLY = (
    "SELECT table_name FROM information_schema.tables WHERE table_name IN ('a', 'b')",
    "SELECT EXISTS (SELECT FROM information_schema.columns AS c WHERE c.table_name = 'a' AND c.column_name ILIKE 'b%')",
    "SELECT count(*) FILTER (WHERE relkind = 'r') FROM pg_catalog.pg_class",
    "SELECT to_regclass('a') IS NOT NULL",
    "WITH found AS (SELECT relname FROM pg_class) SELECT relname FROM found ORDER BY 1",
    "SELECT e.enumlabel::text FROM pg_enum AS e JOIN pg_type AS t ON t.oid = e.enumtypid WHERE t.typname = 'mood'",
    "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'a'::regclass",
    "SELECT relname FROM (SELECT relname FROM pg_class) AS t UNION ALL SELECT current_schema",
    "SELECT 1 FROM pg_indexes WHERE schemaname = ANY (current_schemas(false)) AND indexdef ~ 'UNIQUE'",
    "SELECT a.conname FROM pg_constraint AS a JOIN pg_constraint AS b USING (conrelid)",
    "SELECT 'a' = ANY (SELECT attname FROM pg_attribute WHERE attrelid = to_regclass('a') AND NOT attisdropped)",
)
DATA_TOO = (
    "SELECT count(*) FROM a",
    "SELECT relname FROM pg_class WHERE EXISTS (SELECT FROM a)",
    "SELECT relname FROM elsewhere.pg_class",
    "WITH pg_class AS (SELECT FROM a) SELECT FROM pg_class",
    "SELECT numbackends FROM pg_stat_database",
    "SELECT last_value FROM pg_sequences",
    "SELECT nspname FROM pg_namespace",
    "SELECT relacl FROM pg_class",
    "SELECT reloptions FROM pg_class",
    "SELECT c.to_jsonb FROM pg_class AS c",
    "SELECT c.n_rows FROM pg_class AS c",
    "SELECT 1 FROM pg_class AS a JOIN pg_class AS b USING (relpages)",
    "SELECT 1 FROM pg_class AS a JOIN (SELECT 0 AS relpages) AS b USING (relpages)",
    "SELECT a.relpages AS relpages FROM pg_class AS a",
    "SELECT pages FROM (SELECT relname AS pages FROM pg_class) AS t",
    "SELECT 1 FROM pg_class AS a JOIN pg_class AS b USING (oid, xmin)",
    "SELECT 1 WHERE 'a'::name ### ANY (SELECT relname FROM pg_class)",
    "SELECT 1 WHERE 'a'::name OPERATOR(elsewhere.=) ANY (SELECT relname FROM pg_class)",
    "SELECT relname FROM pg_class ORDER BY relname USING ###",
    "SELECT relname FROM pg_class LIMIT 1",
    "SELECT relname FROM pg_class OFFSET 1",
    "SELECT reltuples FROM pg_class",
    "SELECT c.relpages FROM pg_class AS c",
    "SELECT xmin FROM pg_class",
    "SELECT hasindexes FROM pg_tables",
    "SELECT * FROM pg_class",
    "SELECT c.* FROM pg_class AS c",
    "SELECT c FROM pg_class AS c",
    "SELECT pg_class::text FROM pg_class",
    "SELECT pages FROM pg_class AS c (a, b, c, d, e, f, g, h, i, pages)",
    "SELECT FROM pg_class NATURAL JOIN pg_namespace",
    "SELECT relname FROM pg_class TABLESAMPLE system (50)",
    "SELECT relname FROM pg_class FOR SHARE",
    "SELECT now()",
    "SELECT current_timestamp",
    "SELECT 'now'::date",
    "SELECT current_user",
    "SELECT current_setting('work_mem') FROM pg_class",
    "SELECT has_table_privilege('app', 'a', 'SELECT')",
    "SELECT nextval('s')",
    "SELECT own(relname) FROM pg_class",
    "SELECT elsewhere.lower(relname) FROM pg_class",
    "SELECT relname FROM pg_class WHERE relname OPERATOR(elsewhere.=) 'a'",
    "SELECT relname FROM pg_class WHERE relname ### 'a'",
    "SELECT 'a'::elsewhere.text",
    "no SQL",
)


@pytest.mark.parametrize("query", CATALOGS_ONLY)
def test_such_a_query_reads_only_catalogs(query: str) -> None:
    assert reads_only_catalogs(query)


@pytest.mark.parametrize("query", DATA_TOO)
def test_a_query_that_may_depend_on_anything_else_does_not(query: str) -> None:
    assert not reads_only_catalogs(query)


def test_a_function_of_the_manifest_may_read_anything() -> None:
    query = "SELECT length(relname::text) FROM pg_class AS c"
    assert reads_only_catalogs(query, own_names(linear_manifest("CREATE TABLE a ()"), ["other"]))
    assert not reads_only_catalogs(query, own_names(linear_manifest("CREATE TABLE a ()"), ["length"]))
    assert not reads_only_catalogs("SELECT c.relname FROM pg_class AS c", frozenset({"relname"}))


@pytest.mark.parametrize("script", ["CREATE OPERATOR = (FUNCTION = f)", "create  cast (a AS b) WITH INOUT"])
def test_so_may_its_operators_and_casts(script: str) -> None:
    manifest = linear_manifest("CREATE TABLE a ()")
    [only] = manifest.migrations
    manifest = replace(manifest, migrations=(replace(only, script=replace(only.script, sql=script)),))
    assert not reads_only_catalogs("SELECT 1", own_names(manifest, []))


def test_all_checks_of_the_shipped_manifest_read_only_catalogs(shipped_manifest: Manifest) -> None:
    checks = [each for migration in shipped_manifest.migrations for each in migration.checks]
    assert [each.name for each in checks if not reads_only_catalogs(each.query)] == []
