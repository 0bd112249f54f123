"""Whether a script can run, what of it runs, and whether in a transaction."""

import pytest

from pgfleet.manifest.model import Tool
from pgfleet.manifest.script import Runnable, read_script
from pgfleet.manifest.text import Unusable

TRANSACTION = "controls a transaction, at line {}, which pgfleet does itself; remove BEGIN, COMMIT, and the like"
OUTSIDE = "cannot run in a transaction, at line {}; set transactional = false for it"
COPY = (
    "reads inline data with COPY … FROM STDIN, at line {}, which only psql can send; "
    "write the rows as INSERT (pg_dump --inserts does)"
)
PSQL = "contains the psql command {}, at line {}, which only psql understands; delete it, or write it as SQL"


def fault(sql: str, *, transactional: bool | None = True) -> str:
    with pytest.raises(Unusable) as caught:
        read_script(sql, transactional=transactional)
    return str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE a (id integer); CREATE INDEX i ON a (id);",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
        "DO $$ BEGIN PERFORM 1; END $$",
        "DROP INDEX i",
        "REINDEX INDEX i",
        "REINDEX TABLE a",
        "ALTER TABLE a DETACH PARTITION b",
        "ANALYZE a",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
        "SELECT '100%'",
        "COPY a FROM '/srv/rows.csv'",
        "SET LOCAL transaction_timeout = '1h'; SET CONSTRAINTS ALL DEFERRED",
        "",
        " \n",
        "-- later",
        "/* later */",
        ";",
    ],
)
@pytest.mark.parametrize("transactional", [True, None])
def test_a_transactional_script_may_contain(sql: str, *, transactional: bool | None) -> None:
    assert read_script(sql, transactional=transactional) == Runnable(sql=sql, transactional=True)


RUN_OUTSIDE = (
    "CREATE INDEX CONCURRENTLY i ON a (id)",
    "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON a (id)",
    "DROP INDEX CONCURRENTLY i",
    "REINDEX INDEX CONCURRENTLY i",
    "REINDEX (CONCURRENTLY, VERBOSE) TABLE a",
    "REINDEX SCHEMA s",
    "REINDEX DATABASE d",
    "ALTER TABLE a DETACH PARTITION b CONCURRENTLY",
    "VACUUM a",
    "CREATE DATABASE d",
    "DROP DATABASE d",
    "CREATE TABLESPACE t LOCATION '/t'",
    "DROP TABLESPACE t",
    "ALTER SYSTEM SET work_mem = '1GB'",
)


@pytest.mark.parametrize("sql", RUN_OUTSIDE)
def test_a_statement_that_cannot_run_in_a_transaction_decides_if_nothing_else_does(sql: str) -> None:
    script = f"SELECT 1;\n-- why\n{sql};\nSELECT 2;"
    assert fault(script) == OUTSIDE.format(3)
    assert read_script(script, transactional=False) == Runnable(sql=script, transactional=False)
    assert read_script(script, transactional=None) == Runnable(sql=script, transactional=False)


@pytest.mark.parametrize(
    ("sql", "remains"),
    [
        ("BEGIN;\nSELECT 1;\nCOMMIT;\n", "      \nSELECT 1;\n       \n"),
        ("-- Deploy a\n\nBEGIN ;\nSELECT 'ü';\nCOMMIT", "-- Deploy a\n\n       \nSELECT 'ü';\n      "),
        ("/* a */ start transaction; SELECT 1; end;", "/* a */                    SELECT 1;     "),
        ("BEGIN;\nCOMMIT;", "      \n       "),
    ],
)
@pytest.mark.parametrize("transactional", [True, False, None])
def test_begin_and_commit_around_a_script_are_blanked(sql: str, remains: str, *, transactional: bool | None) -> None:
    assert read_script(sql, transactional=transactional) == Runnable(sql=remains, transactional=True)


@pytest.mark.parametrize(
    ("sql", "line"),
    [
        ("BEGIN", 1),
        ("SELECT 1;\nROLLBACK;", 2),
        ("BEGIN;\nSELECT 1;\nCOMMIT;\nBEGIN;", 1),
        ("COMMIT;\nSELECT 1;\nBEGIN;", 1),
        ("BEGIN;\nSELECT 1;\nCOMMIT AND CHAIN;", 1),
        ("BEGIN;\nSELECT 1;\nROLLBACK;", 1),
        ("BEGIN ISOLATION LEVEL SERIALIZABLE;\nSELECT 1;\nCOMMIT;", 1),
        ("BEGIN;\nSAVEPOINT a;\nCOMMIT;", 2),
        ("PREPARE TRANSACTION 'a'", 1),
        ("SELECT 1;\nSET TRANSACTION ISOLATION LEVEL SERIALIZABLE;", 2),
        ("BEGIN;\nSET TRANSACTION READ ONLY;\nCOMMIT;", 2),
    ],
)
@pytest.mark.parametrize("transactional", [True, False, None])
def test_any_other_transaction_control_is_a_fault(sql: str, line: int, *, transactional: bool | None) -> None:
    assert fault(sql, transactional=transactional) == TRANSACTION.format(line)


BLOCKS = [
    ("BEGIN;\nSELECT 1;\nCOMMIT;\nSELECT 2;", 1, "      \nSELECT 1;\n       \nSELECT 2;"),
    ("SELECT 0;\nBEGIN;\nSELECT 1;\nCOMMIT;", 2, "SELECT 0;\n      \nSELECT 1;\n       "),
    ("BEGIN;\nCOMMIT;\nSELECT 1;\nBEGIN;\nCOMMIT;", 1, "      \n       \nSELECT 1;\n      \n       "),
]


@pytest.mark.parametrize(("sql", "line", "remains"), BLOCKS)
def test_blocks_are_one_transaction_if_the_tool_starts_none(sql: str, line: int, remains: str) -> None:
    assert read_script(sql, transactional=None) == Runnable(sql=remains, transactional=True)
    for transactional in (True, False):
        assert fault(sql, transactional=transactional) == TRANSACTION.format(line)


def test_blocks_next_to_what_cannot_run_in_a_transaction_are_a_fault() -> None:
    assert fault("BEGIN;\nSELECT 1;\nCOMMIT;\nVACUUM a;", transactional=None) == OUTSIDE.format(4)


def test_a_wrapped_script_may_not_contain_what_cannot_run_in_a_transaction() -> None:
    assert fault("BEGIN;\nVACUUM a;\nCOMMIT;", transactional=None) == OUTSIDE.format(2)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        pytest.param("CREATE TABLE a (b text);\nCOPY a (b) FROM stdin;\nit's\n\\.\n", COPY.format(2), id="with data"),
        pytest.param("copy public.a from stdin with (format csv);", COPY.format(1), id="without data"),
        pytest.param(
            "-- COPY a FROM STDIN;\nSELECT 1;\nCOPY a FROM STDIN;\n1\n\\.\n", COPY.format(3), id="after a comment"
        ),
        pytest.param(
            "SELECT 1;\nCOPY a TO STDOUT;", "copies rows TO STDOUT, at line 2, which nothing reads; delete it"
        ),
        pytest.param("\\restrict abc\nSELECT 1;", PSQL.format("\\restrict", 1), id="restrict"),
        pytest.param("SELECT 1;\n\\i other.sql\n", PSQL.format("\\i", 2), id="include"),
        pytest.param("SELECT 'ü' \\gexec\n", PSQL.format("\\gexec", 1), id="gexec"),
    ],
)
@pytest.mark.parametrize("transactional", [True, False])
def test_what_only_psql_can_do_is_a_fault(sql: str, expected: str, *, transactional: bool) -> None:
    assert fault(sql, transactional=transactional) == expected


@pytest.mark.parametrize(
    ("marker", "tool"),
    [
        ("-- +goose Down", "goose"),
        ("-- migrate:down transaction:false", "dbmate"),
        ("--migrate:down", "dbmate"),
        ("-- +migrate Down", "sql-migrate"),
        ("-- Down Migration", "node-pg-migrate"),
        ("----- down   migration", "node-pg-migrate"),
    ],
)
def test_a_down_section_of_a_tool_that_source_can_name_is_a_fault(marker: str, tool: str) -> None:
    assert any(each.value.startswith(tool) for each in Tool)
    assert fault(f"CREATE TABLE a ();\n\n{marker}\nDROP TABLE a;") == (
        f"contains a Down section of {tool}, at line 3, which must not run; "
        "name the tool in [source] (format = 2), or delete the section"
    )


@pytest.mark.parametrize(
    ("marker", "tool"),
    [
        ("-- +micrate Down", "micrate"),
        ("-- rambler down", "rambler"),
        ("-- //@UNDO", "MyBatis"),
        ("-- ==== DOWN ====", "shmig"),
        ("---- create above / drop below ----", "tern"),
        ("-- !Downs", "Play"),
        ("--- !Downs", "Play"),
    ],
)
def test_a_down_section_of_another_tool_is_to_be_deleted(marker: str, tool: str) -> None:
    assert not any(each.value.startswith(tool) for each in Tool)
    message = f"contains a Down section of {tool}, at line 3, which must not run; delete the section"
    assert fault(f"CREATE TABLE a ();\n\n{marker}\nDROP TABLE a;") == message


@pytest.mark.parametrize(("up", "down"), [("-- up", "-- DOWN"), ("-- +mig Up", "-- +mig Down"), ("--@UP", "--@DOWN")])
def test_a_pair_of_comments_is_a_down_section_of_any_tool(up: str, down: str) -> None:
    message = "contains a Down section, at line 3, which must not run; delete the section"
    assert fault(f"{up}\nCREATE TABLE a ();\n{down}\nDROP TABLE a;") == message


@pytest.mark.parametrize("marker", ["-- DOWN", "-- down", "-- Down", "-- @DOWN", "--down", "  --- down ---"])
def test_a_down_marker_alone_counts_if_statements_after_it_drop_what_the_file_creates(marker: str) -> None:
    message = "contains a Down section, at line 2, which must not run; delete the section"
    assert fault(f"CREATE TABLE a ();\n{marker}\nDROP TABLE a;") == message


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("CREATE TABLE s.a ()", "DROP TABLE IF EXISTS s.a CASCADE"),
        ("CREATE TABLE a ()", "DELETE FROM log; DROP TABLE b, a"),
        ("CREATE TABLE a AS SELECT 1", "DROP TABLE a"),
        ("SELECT 1 INTO a", "DROP TABLE a"),
        ("CREATE FOREIGN TABLE a () SERVER s", "DROP FOREIGN TABLE a"),
        ("CREATE INDEX i ON a (x)", "DROP INDEX i"),
        ("CREATE VIEW v AS SELECT 1", "DROP VIEW v"),
        ("CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "DROP FUNCTION s.f()"),
        ("CREATE TYPE e AS ENUM ('a')", "DROP TYPE e"),
        ("CREATE TYPE c AS (x int)", "DROP TYPE c"),
        ("CREATE TRIGGER t BEFORE INSERT ON a EXECUTE FUNCTION f()", "DROP TRIGGER t ON a"),
        ("CREATE SCHEMA s", "DROP SCHEMA s"),
        ("CREATE EXTENSION hstore", "DROP EXTENSION hstore"),
        ("ALTER TABLE a ADD COLUMN x int", "ALTER TABLE a DROP COLUMN x"),
        ("ALTER TABLE a ADD CONSTRAINT c CHECK (x > 0)", "ALTER TABLE a DROP CONSTRAINT c"),
        ("ALTER TABLE a ADD UNIQUE (x)", "ALTER TABLE a DROP CONSTRAINT a_x_key"),
        ("ALTER TABLE a ALTER x SET NOT NULL", "ALTER TABLE a ALTER x DROP NOT NULL"),
        ("ALTER TABLE a ALTER x SET DEFAULT 1", "ALTER TABLE a ALTER x DROP DEFAULT"),
    ],
)
def test_what_undoes_a_file_after_a_lone_marker(up: str, down: str) -> None:
    message = "contains a Down section, at line 2, which must not run; delete the section"
    assert fault(f"{up};\n-- down\n{down};") == message


@pytest.mark.parametrize(
    "sql",
    [
        "-- down\nDROP TABLE a;",
        "-- down\nDROP TABLE IF EXISTS a;\nCREATE TABLE a ();",
        "CREATE TABLE a ();\n-- down\nCREATE INDEX i ON a (x);",
        "CREATE TABLE a ();\n-- down\nDROP TABLE b;",
        "CREATE TABLE a ();\n-- what follows goes down\nDROP TABLE a;",
        "CREATE TABLE a ();\n-- down the road\nDROP TABLE a;",
        "ALTER TABLE a ADD COLUMN x int;\n-- down\nALTER TABLE b DROP COLUMN x;",
        "ALTER TABLE a ADD COLUMN x int;\n-- down\nALTER TABLE a ALTER x SET DEFAULT 1;",
        "CREATE TABLE a ();\nDO $$ BEGIN\n-- down\nNULL; END $$;\nDROP TABLE a;",
        "CREATE TABLE a ();\nSELECT '\n-- down\n';\nDROP TABLE a;",
    ],
)
def test_a_comment_that_is_only_the_word_down_is_no_section_otherwise(sql: str) -> None:
    assert read_script(sql, transactional=True).sql == sql


@pytest.mark.parametrize(
    "sql",
    [
        "-- +goose Up\nSELECT 1;",
        "-- counts down\nSELECT 1;",
        "SELECT 'migrate:down';",
        "-- down\nSELECT 1;",
        "-- scale up\nSELECT 1;\n-- scale down\nSELECT 2;",
    ],
)
def test_other_comments_are_no_down_section(sql: str) -> None:
    assert read_script(sql, transactional=True).sql == sql


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        pytest.param("SELEC 1", 'at line 1 column 1: syntax error at or near "SELEC"', id="first word"),
        pytest.param("SELECT 1;\n  SELEC 2", 'at line 2 column 3: syntax error at or near "SELEC"', id="later line"),
        pytest.param(
            "SELECT 'äöü€', FROM a", 'at line 1 column 16: syntax error at or near "FROM"', id="characters, not bytes"
        ),
        pytest.param(
            "SELECT 'open", 'at line 1 column 8: unterminated quoted string at or near "\'open"', id="open string"
        ),
    ],
)
def test_a_syntax_error_is_reported_with_its_place(sql: str, expected: str) -> None:
    assert fault(sql) == f"does not parse, {expected}"
    assert fault(sql, transactional=False) == f"does not parse, {expected}"
