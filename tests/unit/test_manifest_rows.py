"""Whether a script can read, write, or move rows."""

import pytest

from pgfleet.manifest.rows import may_repeat_changes, only_defines


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "-- a comment",
        "SELECT 1",
        "SELECT pg_catalog.set_config('search_path', '', false)",
        "CREATE TABLE IF NOT EXISTS t (a int DEFAULT nextval('s')); CREATE INDEX IF NOT EXISTS i ON t (a)",
        "ALTER TABLE t ALTER a DROP DEFAULT, ADD COLUMN IF NOT EXISTS b int",
        "CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM t'",
        "CREATE OR REPLACE VIEW v AS SELECT count(*) FROM t",
        "CREATE EXTENSION IF NOT EXISTS pg_trgm; COMMENT ON TABLE t IS 'x'; GRANT SELECT ON t TO PUBLIC",
        "DROP TABLE IF EXISTS old",
    ],
)
def test_scripts_that_only_define_objects(sql: str) -> None:
    assert only_defines(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE t SET plan = 'pro' WHERE plan = 'free'",
        "DELETE FROM t WHERE plan = 'trial'",
        "INSERT INTO t SELECT 'copy' FROM t WHERE plan = 'vip'",
        "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
        "WITH gone AS (DELETE FROM t RETURNING *) SELECT 1 FROM gone",
        "SELECT setval('t_id_seq', 1, false)",
        "SELECT f(1)",
        "DO $$ BEGIN UPDATE t SET a = 1; END $$",
        "CALL p()",
        "TRUNCATE t",
        "ALTER TABLE t RENAME a TO tmp; ALTER TABLE t RENAME b TO a; ALTER TABLE t RENAME tmp TO b",
        "ALTER TABLE t ALTER a TYPE int USING a + 1",
        "ALTER SEQUENCE s RESTART",
        "CREATE TABLE t AS SELECT 1 AS a",
        "REFRESH MATERIALIZED VIEW m",
        "CREATE TABLE t (a int); UPDATE t SET a = 1",
    ],
)
def test_scripts_that_may_change_rows(sql: str) -> None:
    assert not only_defines(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "SELECT pg_advisory_xact_lock(hashtextextended('a', 0)); SELECT count(*) FROM t",
        "CREATE INDEX IF NOT EXISTS i ON t (a); ALTER TABLE t ALTER a TYPE bigint, DROP CONSTRAINT IF EXISTS c",
        "CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM t'",
        "DROP TYPE IF EXISTS mood; DROP VIEW IF EXISTS w CASCADE",
        "DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT 1; DROP TRIGGER IF EXISTS g ON t",
        "DO $$ BEGIN IF true THEN CREATE TRIGGER g BEFORE UPDATE ON t EXECUTE FUNCTION f(); END IF; END $$",
        "DO $$ BEGIN ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u ON UPDATE CASCADE; END $$",
    ],
)
def test_scripts_that_leave_rows_as_they_are_when_they_run_again(sql: str) -> None:
    assert not may_repeat_changes(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE t SET a = a + 1",
        "DELETE FROM t",
        "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
        "COPY t FROM '/tmp/t.csv'",
        "TRUNCATE t",
        "CALL p()",
        "SELECT setval('s', 1)",
        "SELECT refill(a) FROM t",
        "SELECT * INTO u FROM t",
        "WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone",
        "DO $$ BEGIN UPDATE t SET a = a + 1; END $$",
        "DO $$ BEGIN EXECUTE 'insert  into t values (1)'; END $$",
        "ALTER TABLE t ALTER a TYPE bigint USING a * 100",
        "ALTER TABLE t DROP COLUMN IF EXISTS a, ADD COLUMN a int",
        "DROP TABLE IF EXISTS t; CREATE TABLE t (a int)",
        "DROP TYPE IF EXISTS mood CASCADE; CREATE TYPE mood AS ENUM ('a')",
        "DROP EXTENSION IF EXISTS citext CASCADE",
        "DROP OWNED BY somebody",
        "EXPLAIN ANALYZE UPDATE t SET a = a + 1",
        "ALTER TABLE t RENAME a TO b",
    ],
)
def test_scripts_that_may_change_or_lose_rows_again(sql: str) -> None:
    assert may_repeat_changes(f"CREATE INDEX IF NOT EXISTS i ON t (a); {sql}")
