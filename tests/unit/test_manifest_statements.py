"""Whether a script can run as the manifest says."""

import pytest

from pgfleet.manifest.statements import query_fault, script_fault

SEVERAL = "contains several statements, but transactional = false allows only one"
TRANSACTION = "controls a transaction, which pgfleet does itself; remove BEGIN, COMMIT, and the like"
ALONE = "cannot run in a transaction; set transactional = false, and keep only that statement in the script"


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
    ],
)
def test_a_transactional_script_may_hold(sql: str) -> None:
    assert script_fault(sql, transactional=True) is None


@pytest.mark.parametrize(
    "sql", ["BEGIN", "START TRANSACTION", "END", "ROLLBACK", "SAVEPOINT a", "PREPARE TRANSACTION 'a'"]
)
@pytest.mark.parametrize("before", ["", "SELECT 1; "], ids=["alone", "after another"])
def test_a_transactional_script_leaves_transactions_alone(before: str, sql: str) -> None:
    assert script_fault(before + sql, transactional=True) == TRANSACTION


REFUSE_TRANSACTIONS = (
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


@pytest.mark.parametrize("sql", REFUSE_TRANSACTIONS)
def test_a_transactional_script_holds_nothing_that_refuses_to_run_in_one(sql: str) -> None:
    assert script_fault(f"SELECT 1; {sql}", transactional=True) == ALONE


@pytest.mark.parametrize("sql", REFUSE_TRANSACTIONS)
def test_what_refuses_a_transaction_may_stand_alone_in_a_non_transactional_script(sql: str) -> None:
    assert script_fault(f"-- why\n{sql};", transactional=False) is None
    assert script_fault(f"{sql}; SELECT 1", transactional=False) == SEVERAL


@pytest.mark.parametrize("sql", ["BEGIN", "COMMIT", "ROLLBACK"])
def test_a_non_transactional_script_leaves_transactions_alone_too(sql: str) -> None:
    assert script_fault(sql, transactional=False) == TRANSACTION


@pytest.mark.parametrize("transactional", [True, False])
@pytest.mark.parametrize("sql", ["", " \n", "-- later", "/* later */", ";"])
def test_a_script_without_a_statement_is_a_fault(sql: str, *, transactional: bool) -> None:
    assert script_fault(sql, transactional=transactional) == "contains no statement"


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        pytest.param("SELEC 1", 'at line 1 column 1: syntax error at or near "SELEC"', id="first word"),
        pytest.param("SELECT 1;\n  SELEC 2", 'at line 2 column 3: syntax error at or near "SELEC"', id="later line"),
        pytest.param(
            "SELECT 'äöü€', FROM a", 'at line 1 column 16: syntax error at or near "FROM"', id="characters, not bytes"
        ),
        pytest.param(
            "SELECT 'open", 'at line 1 column 8: unterminated quoted string at or near "\'open"', id="open string"
        ),
        pytest.param("\\i other.sql", 'at line 1 column 1: syntax error at or near "\\"', id="a command of psql"),
    ],
)
def test_a_syntax_error_is_reported_with_its_place(sql: str, fault: str) -> None:
    assert script_fault(sql, transactional=True) == f"does not parse, {fault}"
    assert script_fault(sql, transactional=False) == f"does not parse, {fault}"


@pytest.mark.parametrize(
    "sql", ["SELECT 1", "SELECT 1;", "WITH a AS (SELECT 1) SELECT * FROM a", "VALUES (1)", "TABLE a"]
)
def test_a_check_may_ask(sql: str) -> None:
    assert query_fault(sql) is None


@pytest.mark.parametrize(
    "sql",
    ["", "SELECT 1; SELECT 2", "UPDATE a SET b = 1", "DROP TABLE a", "EXPLAIN SELECT 1", "SELECT 1 INTO a", "COMMIT"],
)
def test_a_check_must_be_one_select(sql: str) -> None:
    assert query_fault(sql) == "must be a single SELECT"
