"""A migration of several statements outside a transaction: each is recorded, and the next run continues after it."""

from collections.abc import Callable

import pytest
from fixtures.proxy import CuttingProxy
from fixtures.rollout import Subject, a_small_manifest, step
from fixtures.servers import Server

from pgfleet.documents.audit import Verdict
from pgfleet.documents.findings import MigrationStatus
from pgfleet.documents.plan import Action
from pgfleet.documents.rollout import Result, StepStatus
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.read.audit import directly

TABLES = "CREATE TABLE t (a integer, b integer); CREATE TABLE log (note text);"
FIRST = "CREATE INDEX CONCURRENTLY t_a ON t (a)"
NOTE = "INSERT INTO log VALUES ('noted')"
SECOND = "CREATE UNIQUE INDEX CONCURRENTLY t_b ON t (b)"
INDEXES = "SELECT indexrelid::regclass::text, indexrelid::oid, indisvalid FROM pg_index WHERE indrelid = 't'::regclass"
FINISHED = "SELECT version, finished FROM pgfleet.ledger_statements"


def manifest_of(*statements: str) -> Manifest:
    """A manifest whose second migration has these statements and runs them outside a transaction."""
    scripts = {"1_tables.sql": TABLES, "2_indexes.sql": ";\n".join(statements)}
    return a_small_manifest(scripts, v2='requires = ["1"]\ntransactional = false')


@pytest.fixture
def indexes(server: Server, empty_database: str) -> Subject:
    """A tenant whose data violates the unique index of the script's last statement."""
    manifest = manifest_of(FIRST, NOTE, SECOND)
    found = Subject(server=server, database=empty_database, manifest=manifest, expected=server.proven(manifest))
    found.execute(TABLES + "INSERT INTO t VALUES (1, 7), (2, 7)")
    return found


def test_the_next_run_continues_at_the_statement_that_failed(indexes: Subject) -> None:
    failed = step(indexes.roll_out(), "2").error
    assert failed is not None
    assert (failed.sqlstate, failed.file, failed.line) == ("23505", "2_indexes.sql", 3)
    [(name, first, is_valid)] = indexes.query(INDEXES)
    assert (name, is_valid, indexes.query(FINISHED), indexes.ledger()["2"]) == ("t_a", True, [("2", 2)], "started")
    assert (indexes.statuses()["2"], indexes.plan().of("2").action) == (MigrationStatus.DRIFTED, Action.REAPPLY)
    indexes.execute("DELETE FROM t WHERE a = 2")
    assert indexes.roll_out().result is Result.DONE
    assert min(indexes.query(INDEXES)) == ("t_a", first, True)
    assert (indexes.query("SELECT * FROM log"), indexes.query(FINISHED)) == ([("noted",)], [])
    assert (indexes.ledger()["2"], indexes.audit().verdict) == ("applied", Verdict.READY)


def test_a_script_that_changed_starts_over(indexes: Subject) -> None:
    indexes.roll_out()
    indexes.execute("DELETE FROM t WHERE a = 2; DROP INDEX t_a")
    indexes.manifest = manifest_of(FIRST, f"{NOTE}, ('again')", SECOND)
    assert indexes.roll_out().result is Result.DONE
    assert indexes.query("SELECT * FROM log") == [("noted",), ("noted",), ("again",)]


def test_a_first_statement_that_fails_leaves_no_row_in_the_ledger(indexes: Subject) -> None:
    indexes.manifest = manifest_of(SECOND, FIRST)
    assert step(indexes.roll_out(), "2").status is StepStatus.FAILED
    assert (indexes.query(INDEXES), indexes.query(FINISHED), indexes.ledger()) == ([], [], {"1": "adopted"})


@pytest.mark.parametrize(
    "cut_at",
    [SECOND.encode(), b"INSERT INTO pgfleet.ledger_statements"],
    ids=["between two statements", "between a statement and its record"],
)
def test_a_crash_is_resumed_by_the_next_run(
    indexes: Subject, cutting_proxy: Callable[..., CuttingProxy], cut_at: bytes
) -> None:
    indexes.execute("DELETE FROM t WHERE a = 2")
    indexes.run = directly
    indexes.proxy = cutting_proxy(cut_at, server=indexes.server, after=FIRST.encode())
    assert (indexes.roll_out().result, indexes.proxy.cuts) == (Result.FAILED, 1)
    [(_, first, _)] = indexes.query(INDEXES)
    assert indexes.ledger()["2"] == "started"
    assert indexes.roll_out().result is Result.DONE
    assert min(indexes.query(INDEXES)) == ("t_a", first, True)
    assert indexes.query("SELECT * FROM log") == [("noted",)]
    assert indexes.audit().verdict is Verdict.READY


def test_settings_of_the_script_apply_to_the_statements_after_them_in_every_run(indexes: Subject) -> None:
    shown = "INSERT INTO log VALUES (current_setting('work_mem'))"
    indexes.manifest = manifest_of("SET work_mem = '7MB'", FIRST, NOTE, SECOND, shown)
    indexes.roll_out()
    indexes.execute("DELETE FROM t WHERE a = 2")
    assert indexes.roll_out().result is Result.DONE
    assert indexes.query("SELECT * FROM log") == [("noted",), ("7MB",)]


def test_a_dry_run_runs_none_of_them_and_says_so(indexes: Subject) -> None:
    found = step(indexes.roll_out(dry_run=True), "2")
    assert (found.status, found.detail) == (
        StepStatus.NOT_EXERCISED,
        "2_indexes.sql runs outside a transaction, so it cannot be rolled back",
    )
    assert indexes.query(INDEXES) == []
