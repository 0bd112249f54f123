"""Queries whose rows depend on nothing but catalogs."""

import pytest

from pgfleet.manifest.catalog_queries import reads_only_catalogs
from pgfleet.manifest.model import Manifest

CATALOGS_ONLY = (
    "SELECT table_name FROM information_schema.tables WHERE table_name IN ('a', 'b')",
    "SELECT EXISTS (SELECT FROM information_schema.columns AS c WHERE c.table_name = 'a' AND c.column_name ILIKE 'b%')",
    "SELECT count(*) FILTER (WHERE relkind = 'r') FROM pg_catalog.pg_class",
    "SELECT to_regclass('a') IS NOT NULL",
    "WITH found AS (SELECT relname FROM pg_class) SELECT relname FROM found ORDER BY 1",
    "SELECT e.enumlabel::text FROM pg_enum AS e JOIN pg_type AS t ON t.oid = e.enumtypid WHERE t.typname = 'mood'",
    "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'a'::regclass",
    "SELECT name FROM (SELECT relname AS name FROM pg_class) AS t UNION ALL SELECT current_schema",
    "SELECT 1 FROM pg_indexes WHERE schemaname = ANY (current_schemas(false)) AND indexdef ~ 'UNIQUE'",
)
DATA_TOO = (
    "SELECT count(*) FROM a",
    "SELECT relname FROM pg_class WHERE EXISTS (SELECT FROM a)",
    "SELECT relname FROM elsewhere.pg_class",
    "WITH pg_class AS (SELECT FROM a) SELECT FROM pg_class",
    "SELECT numbackends FROM pg_stat_database",
    "SELECT last_value FROM pg_sequences",
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


def test_all_checks_of_the_shipped_manifest_read_only_catalogs(shipped_manifest: Manifest) -> None:
    checks = [each for migration in shipped_manifest.migrations for each in migration.checks]
    assert [each.name for each in checks if not reads_only_catalogs(each.query)] == []
