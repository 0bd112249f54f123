"""A migration of several statements outside a transaction: each is recorded, and the next run continues after it."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from fixtures.proxy import CuttingProxy
from fixtures.rollout import Subject, a_small_manifest, step
from fixtures.servers import Server

from pgfleet.documents.audit import MigrationStatus, Verdict
from pgfleet.documents.plan import Action
from pgfleet.documents.rollout import Result, StepStatus
from pgfleet.manifest.checksums import script_checksum
from pgfleet.manifest.model import Manifest, Script
from pgfleet.postgres.read.audit import directly

TABLES = "CREATE TABLE t (a integer, b integer); CREATE TABLE log (note text);"
FIRST = "CREATE INDEX CONCURRENTLY t_a ON t (a)"
NOTE = "INSERT INTO log VALUES ('noted')"
SECOND = "CREATE UNIQUE INDEX CONCURRENTLY t_b ON t (b)"
INDEXES = "SELECT indexrelid::regclass::text, indexrelid::oid, indisvalid FROM pg_index WHERE indrelid = 't'::regclass"
FINISHED = "SELECT version, finished FROM pgfleet.ledger_statements"


def with_script(manifest: Manifest, *statements: str) -> Manifest:
    """The manifest whose second migration has these statements and runs them outside a transaction."""
    first, second = manifest.migrations
    sql = ";\n".join(statements)
    script = Script(path=second.script.path, sql=sql, checksum=script_checksum(sql))
    return replace(manifest, migrations=(first, replace(second, script=script, transactional=False)))


@pytest.fixture
def indexes(server: Server, empty_database: str) -> Subject:
    """A tenant whose data violates the unique index of the script's last statement."""
    scripts: Mapping[str, str] = {"1_tables.sql": TABLES, "2_indexes.sql": NOTE}
    manifest = with_script(a_small_manifest(scripts, v2='requires = ["1"]'), FIRST, NOTE, SECOND)
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
    indexes.manifest = with_script(indexes.manifest, FIRST, f"{NOTE}, ('again')", SECOND)
    assert indexes.roll_out().result is Result.DONE
    assert indexes.query("SELECT * FROM log") == [("noted",), ("noted",), ("again",)]


def test_a_first_statement_that_fails_leaves_no_row_in_the_ledger(indexes: Subject) -> None:
    indexes.manifest = with_script(indexes.manifest, SECOND, FIRST)
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
    indexes.manifest = with_script(indexes.manifest, "SET work_mem = '7MB'", FIRST, NOTE, SECOND, shown)
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
