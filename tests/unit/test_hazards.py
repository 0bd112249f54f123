"""The hazards of scripts: a table of SQL and the codes that it must have, and no others."""

from pathlib import Path

import pytest

from pgfleet.hazards.codes import ADVICE, MEANINGS, HazardCode
from pgfleet.hazards.created import Created
from pgfleet.hazards.scripts import Scripts
from pgfleet.hazards.statements import HANDLERS, hazards_of
from pgfleet.parser import ast

DELETES, OVERWRITES, DYNAMIC = HazardCode.DELETES_DATA, HazardCode.OVERWRITES_DATA, HazardCode.DYNAMIC_SQL
SERVER, LOCKS, REWRITES = HazardCode.AFFECTS_SERVER, HazardCode.LOCK_ACCESS_EXCLUSIVE, HazardCode.REWRITES_TABLE
SCANS, BLOCKS, BACKFILLS = HazardCode.SCANS_TABLE, HazardCode.BLOCKS_WRITES, HazardCode.BACKFILLS_ROWS
FAILS, BREAKS = HazardCode.MAY_FAIL_ON_ROWS, HazardCode.BREAKS_CLIENTS
PRIVILEGES, CASCADES = HazardCode.CHANGES_PRIVILEGES, HazardCode.CASCADES


def statements(name: str) -> list[str]:
    """The statements of a file, between which there are empty lines."""
    text = (Path(__file__).parent / "hazards" / f"{name}.sql").read_text(encoding="utf-8")
    return text.strip().split("\n\n")


TYPED = "CREATE TABLE IF NOT EXISTS t (i int, big bigint, n numeric(10, 4), v varchar(20), s text, d timestamptz); "
"""For an earlier script: the types of a table that exists."""

INNOCENT = statements("innocent")

HAZARDOUS = [
    # Columns.
    ("ALTER TABLE users ADD COLUMN a text", {LOCKS}),
    ("ALTER TABLE users ADD COLUMN a text NOT NULL DEFAULT 'x'", {LOCKS}),
    ("ALTER TABLE users ADD COLUMN a timestamptz DEFAULT now()", {LOCKS}),
    ("ALTER TABLE users ADD COLUMN a timestamptz DEFAULT clock_timestamp()", {LOCKS, REWRITES}),
    ("ALTER TABLE users ADD COLUMN a uuid DEFAULT gen_random_uuid()", {LOCKS, REWRITES}),
    ("ALTER TABLE users ADD COLUMN a int NOT NULL", {LOCKS, FAILS}),
    ("ALTER TABLE users ADD COLUMN a bigserial", {LOCKS, REWRITES}),
    ("ALTER TABLE users ADD COLUMN a int GENERATED ALWAYS AS IDENTITY", {LOCKS, REWRITES}),
    ("ALTER TABLE users ADD COLUMN a int GENERATED ALWAYS AS (b * 2) STORED", {LOCKS, REWRITES}),
    ("ALTER TABLE users ADD COLUMN a int UNIQUE", {LOCKS, SCANS}),
    ("ALTER TABLE users ADD COLUMN a int REFERENCES orgs", {LOCKS, BLOCKS, SCANS}),
    ("ALTER TABLE users ADD COLUMN a int DEFAULT 1 CHECK (a > 0)", {LOCKS, SCANS, FAILS}),
    ("ALTER TABLE users DROP COLUMN a", {LOCKS, DELETES, BREAKS}),
    ("ALTER TABLE users ADD COLUMN b int, DROP COLUMN IF EXISTS a CASCADE", {LOCKS, DELETES, BREAKS, CASCADES}),
    ("ALTER TABLE users ALTER COLUMN a SET NOT NULL", {LOCKS, SCANS, FAILS}),
    ("ALTER TABLE users ALTER COLUMN a DROP NOT NULL", {LOCKS}),
    ("ALTER TABLE users ALTER COLUMN a SET DEFAULT 1", {LOCKS}),
    ("ALTER TABLE users RENAME COLUMN a TO b", {LOCKS, BREAKS}),
    ("ALTER TABLE users RENAME TO people", {LOCKS, BREAKS}),
    ("ALTER TABLE users SET SCHEMA archive", {LOCKS, BREAKS}),
    ("ALTER TABLE users SET UNLOGGED", {LOCKS, REWRITES, DELETES}),
    ("ALTER TABLE users SET TABLESPACE fast", {LOCKS, REWRITES}),
    ("ALTER TABLE users OWNER TO app", {LOCKS, PRIVILEGES}),
    ("ALTER TABLE users DISABLE ROW LEVEL SECURITY", {LOCKS, PRIVILEGES}),
    ("ALTER TABLE users DISABLE TRIGGER ALL", {BLOCKS}),
    ("ALTER TYPE address DROP ATTRIBUTE street", {DELETES}),
    # Constraints and indexes.
    ("ALTER TABLE users ADD CHECK (a > 0)", {LOCKS, SCANS, FAILS}),
    ("ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0) NOT VALID", {LOCKS}),
    ("ALTER TABLE users VALIDATE CONSTRAINT c", {SCANS, FAILS}),
    ("ALTER TABLE users ADD UNIQUE (a)", {LOCKS, SCANS, FAILS}),
    ("ALTER TABLE users ADD CONSTRAINT c UNIQUE USING INDEX i", {LOCKS}),
    ("ALTER TABLE users ADD FOREIGN KEY (a) REFERENCES orgs", {BLOCKS, SCANS, FAILS}),
    ("ALTER TABLE users ADD FOREIGN KEY (a) REFERENCES orgs NOT VALID", {BLOCKS}),
    ("ALTER TABLE users DROP CONSTRAINT c", {LOCKS}),
    ("CREATE TABLE x (a int REFERENCES users)", {BLOCKS}),
    ("CREATE INDEX i ON users (a)", {BLOCKS, SCANS}),
    ("CREATE UNIQUE INDEX i ON users (a)", {BLOCKS, SCANS, FAILS}),
    ("CREATE INDEX CONCURRENTLY i ON users (a)", {SCANS}),
    ("DROP INDEX i", {LOCKS}),
    ("DROP INDEX CONCURRENTLY i", set()),
    ("REINDEX TABLE users", {BLOCKS, SCANS}),
    # Other objects.
    ("CREATE TRIGGER g BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION f()", {BLOCKS}),
    ("DROP TRIGGER g ON users", {LOCKS}),
    ("CREATE POLICY p ON users USING (true)", {LOCKS, PRIVILEGES}),
    ("DROP POLICY p ON users", {LOCKS, PRIVILEGES}),
    ("CREATE RULE r AS ON INSERT TO users DO INSTEAD NOTHING", {LOCKS}),
    ("DROP VIEW v", {BREAKS}),
    ("DROP VIEW v CASCADE", {BREAKS, CASCADES}),
    ("DROP FUNCTION f(int)", {BREAKS}),
    ("DROP SEQUENCE s", {BREAKS, OVERWRITES}),
    ("ALTER SEQUENCE s RESTART", {OVERWRITES}),
    ("SELECT setval('s', 1)", {OVERWRITES}),
    ("ALTER TYPE mood RENAME VALUE 'good' TO 'fine'", {BREAKS}),
    ("ALTER DOMAIN email ADD CHECK (VALUE <> '')", {SCANS, FAILS}),
    ("REFRESH MATERIALIZED VIEW m", {LOCKS, REWRITES}),
    ("REFRESH MATERIALIZED VIEW CONCURRENTLY m", {REWRITES}),
    ("VACUUM FULL users", {LOCKS, REWRITES}),
    ("CLUSTER users USING i", {LOCKS, REWRITES}),
    ("LOCK TABLE users", {LOCKS}),
    ("LOCK TABLE users IN SHARE MODE", {BLOCKS}),
    ("LOCK TABLE users IN ROW EXCLUSIVE MODE", set()),
    ("GRANT SELECT ON users TO app", {PRIVILEGES}),
    ("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO app", {PRIVILEGES}),
    ("CREATE ROLE app", {PRIVILEGES, SERVER}),
    ("SET ROLE app", {PRIVILEGES}),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'", {PRIVILEGES}),
    ("ALTER SYSTEM SET work_mem = '1GB'", {SERVER}),
    ("COPY users FROM '/tmp/users.csv'", {SERVER}),
    ("CREATE TABLE p2 PARTITION OF measurements FOR VALUES FROM (1) TO (2)", {LOCKS}),
    ("ALTER TABLE measurements ATTACH PARTITION old DEFAULT", {LOCKS, SCANS, FAILS}),
    ("ALTER TABLE measurements DETACH PARTITION old", {LOCKS, DELETES}),
    ("ALTER TABLE measurements DETACH PARTITION old CONCURRENTLY", {DELETES}),
    ("ALTER EXTENSION postgis UPDATE", {DYNAMIC}),
    ("SELECT legacy_maintenance()", {DYNAMIC}),
    ("CALL legacy_maintenance()", {DYNAMIC}),
    # Rows.
    ("INSERT INTO users SELECT * FROM staging", {BACKFILLS}),
    ("INSERT INTO users (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET a = 1", {OVERWRITES}),
    ("UPDATE users SET a = lower(a)", {BACKFILLS, OVERWRITES}),
    ("UPDATE users SET a = 'x' WHERE b = 1", {BACKFILLS, OVERWRITES}),
    ("UPDATE users SET a = 'x'", {BACKFILLS, DELETES}),
    ("UPDATE users SET a = NULL WHERE a = ''", {BACKFILLS, OVERWRITES}),
    ("UPDATE users SET a = NULL WHERE a IN ('', '-') AND b > 1", {BACKFILLS, OVERWRITES}),
    ("UPDATE users SET a = NULL WHERE id > 0", {BACKFILLS, DELETES}),
    ("UPDATE users SET (b, a) = (b, NULL)", {BACKFILLS, OVERWRITES, DELETES}),
    ("ALTER TABLE users ADD c text; UPDATE users SET c = a", {LOCKS, BACKFILLS}),
    ("ALTER TABLE users ADD IF NOT EXISTS c text; UPDATE users SET c = a WHERE c IS NULL", {LOCKS, BACKFILLS}),
    ("MERGE INTO users USING s ON s.id = users.id WHEN MATCHED THEN UPDATE SET a = s.a", {BACKFILLS, OVERWRITES}),
    ("MERGE INTO users USING s ON s.id = users.id WHEN NOT MATCHED THEN INSERT VALUES (1)", {BACKFILLS}),
    # Code.
    ("DO $$ BEGIN EXECUTE 'CREATE TABLE x (id int)'; END $$", {DYNAMIC}),
    (
        "DO $$ BEGIN EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', 'a'); END $$",
        {DYNAMIC, LOCKS, PRIVILEGES},
    ),
    (
        """DO $$ DECLARE r record; BEGIN
        FOR r IN SELECT format('GRANT SELECT ON %I TO app', relname) AS cmd FROM pg_class LOOP EXECUTE r.cmd; END LOOP;
        END $$""",
        {DYNAMIC, PRIVILEGES},
    ),
    (
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'UPDATE users SET a = lower(a)'; SELECT f()",
        {DYNAMIC, BACKFILLS, OVERWRITES},
    ),
]

DELETING = statements("deleting")

TYPES = [
    ("ALTER i TYPE bigint", {LOCKS, REWRITES, FAILS, BREAKS}),
    ("ALTER i TYPE bigint USING i::bigint", {LOCKS, REWRITES, FAILS, BREAKS}),
    ("ALTER big TYPE int", {LOCKS, REWRITES, FAILS, BREAKS}),
    ("ALTER v TYPE varchar(40)", {LOCKS, BREAKS}),
    ("ALTER v TYPE text", {LOCKS, BREAKS}),
    ("ALTER s TYPE varchar", {LOCKS, BREAKS}),
    ("ALTER v TYPE varchar(10)", {LOCKS, REWRITES, FAILS, BREAKS}),
    ("ALTER v TYPE varchar(10) USING v::varchar(10)", {LOCKS, REWRITES, FAILS, BREAKS, DELETES}),
    ("ALTER v TYPE varchar(10) USING v::varchar", {LOCKS, REWRITES, FAILS, BREAKS}),
    ("ALTER n TYPE text USING n::int", {LOCKS, REWRITES, FAILS, BREAKS, DELETES}),
    ("ALTER v TYPE varchar(10) USING left(v, 10)", {LOCKS, REWRITES, FAILS, BREAKS, DELETES}),
    ("ALTER n TYPE numeric(12, 4)", {LOCKS, BREAKS}),
    ("ALTER n TYPE numeric(10, 2)", {LOCKS, REWRITES, FAILS, BREAKS, DELETES}),
    ("ALTER n TYPE int", {LOCKS, REWRITES, FAILS, BREAKS, DELETES}),
    ("ALTER s TYPE uuid USING s::uuid", {LOCKS, REWRITES, FAILS, BREAKS}),
    ("ALTER s TYPE numeric(10, 2) USING s::numeric(10, 2)", {LOCKS, REWRITES, FAILS, BREAKS, DELETES}),
    ("ALTER d TYPE date", {LOCKS, REWRITES, FAILS, BREAKS, DELETES}),
    ("ALTER i TYPE text", {LOCKS, REWRITES, FAILS, BREAKS}),
    ("ALTER unknown TYPE bigint", {LOCKS, REWRITES, FAILS, BREAKS, OVERWRITES}),
    ("ALTER unknown TYPE numeric(5, 0)", {LOCKS, REWRITES, FAILS, BREAKS, DELETES}),
    ("ALTER unknown TYPE text", {LOCKS, REWRITES, FAILS, BREAKS}),
]

HARMLESS = frozenset(
    """
    AlterCollationStmt AlterEventTrigStmt AlterExtensionContentsStmt AlterFdwStmt AlterForeignServerStmt
    AlterObjectDependsStmt AlterOpFamilyStmt AlterOperatorStmt AlterPublicationStmt AlterStatsStmt
    AlterTSConfigurationStmt AlterTSDictionaryStmt AlterTypeStmt AlterUserMappingStmt CallStmt CheckPointStmt
    ClosePortalStmt CommentStmt CompositeTypeStmt ConstraintsSetStmt CreateAmStmt CreateCastStmt
    CreateConversionStmt CreateDomainStmt CreateEnumStmt CreateExtensionStmt CreateFdwStmt CreateForeignServerStmt
    CreateForeignTableStmt CreateOpClassStmt CreateOpFamilyStmt CreatePLangStmt CreatePublicationStmt
    CreateRangeStmt CreateSchemaStmt CreateSeqStmt CreateStatsStmt CreateTableAsStmt CreateTransformStmt
    CreateUserMappingStmt DeallocateStmt DeclareCursorStmt DefineStmt DiscardStmt DoStmt DropUserMappingStmt
    ExecuteStmt ExplainStmt FetchStmt ImportForeignSchemaStmt ListenStmt NotifyStmt PLAssignStmt PrepareStmt RawStmt
    ReplicaIdentityStmt ReturnStmt SelectStmt SetOperationStmt TransactionStmt UnlistenStmt VariableShowStmt
    ViewStmt
    """.split()  # noqa: SIM905 (a list of sixty)
)
"""Queries and definitions; what runs within them is analyzed by itself."""


def codes(sql: str, *, is_pending: bool = True) -> set[HazardCode]:
    """Any earlier script of `sql`'s names knows nothing of the tables."""
    return {each.hazard.code for each in Scripts().read(sql, is_pending=is_pending)}


@pytest.mark.parametrize("sql", INNOCENT)
def test_harmless_statements_have_no_hazards(sql: str) -> None:
    assert codes(sql) == set()


@pytest.mark.parametrize(("sql", "expected"), HAZARDOUS)
def test_each_hazard_is_found_and_no_other(sql: str, expected: set[HazardCode]) -> None:
    assert codes(sql) == expected


def test_what_deletes_is_found_wherever_it_is() -> None:
    assert [sql for sql in DELETING if DELETES not in codes(sql)] == []


@pytest.mark.parametrize(("change", "expected"), TYPES)
def test_a_change_of_type_depends_on_the_type_before(change: str, expected: set[HazardCode]) -> None:
    scripts = Scripts()
    scripts.read(TYPED, is_run=False)
    assert {each.hazard.code for each in scripts.read(f"ALTER TABLE t {change}")} == expected


def test_what_an_earlier_script_of_the_plan_created_is_new() -> None:
    scripts = Scripts()
    scripts.read("CREATE TABLE t (id int)")
    assert scripts.read("CREATE INDEX i ON t (id); DELETE FROM t") == ()


def test_what_an_applied_script_created_is_not_new() -> None:
    scripts = Scripts()
    scripts.read("CREATE TABLE t (id int)", is_run=False)
    assert {each.hazard.code for each in scripts.read("CREATE INDEX i ON t (id)")} == {BLOCKS, SCANS}


def test_a_table_that_a_script_creates_if_it_is_missing_exists_when_the_script_runs_again() -> None:
    sql = "CREATE TABLE IF NOT EXISTS t (id int); CREATE INDEX IF NOT EXISTS i ON t (id)"
    assert codes(sql, is_pending=False) == {BLOCKS, SCANS}


def test_a_temporary_table_is_gone_after_its_script() -> None:
    scripts = Scripts()
    scripts.read("CREATE TEMP TABLE users (id int)")
    assert DELETES in {each.hazard.code for each in scripts.read("DROP TABLE users")}


def test_a_function_of_an_applied_script_is_known() -> None:
    scripts = Scripts()
    scripts.read("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM users'", is_run=False)
    assert {each.hazard.code for each in scripts.read("SELECT f()")} == {DELETES, DYNAMIC}


def test_a_hazard_names_its_line_its_statement_and_its_object() -> None:
    sql = "-- Comment\nCREATE TABLE t (id int);\n\nALTER TABLE users\n  DROP COLUMN email;\n"
    found = next(each for each in Scripts().read(sql) if each.hazard.code is DELETES)
    assert (found.line, found.statement) == (4, "ALTER TABLE users DROP COLUMN email")
    assert (found.hazard.object, found.hazard.detail) == ("users.email", "drops the column with its values")


def test_a_hazard_within_a_block_names_the_line_within_it() -> None:
    sql = "SELECT 1;\n\nDO $$\nBEGIN\n  PERFORM 1;\n  DELETE FROM users;\nEND\n$$;"
    assert {each.line for each in Scripts().read(sql)} == {6}


def test_a_function_that_calls_itself_ends() -> None:
    sql = "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM f(); DELETE FROM users; END'; SELECT f()"
    assert DELETES in codes(sql)


def test_every_code_has_a_meaning_and_advice() -> None:
    assert list(MEANINGS) == list(ADVICE) == list(HazardCode)


def test_every_kind_of_statement_is_either_analyzed_or_known_to_be_harmless() -> None:
    """A new version of PostgreSQL with another statement must not pass unseen."""
    kinds = {name for name in ast.CLASSES if name.endswith("Stmt")}
    assert kinds - {each.__name__ for each in HANDLERS} == HARMLESS


def test_a_select_alone_has_no_hazard() -> None:
    assert [*hazards_of(ast.SelectStmt(), Created())] == []
