"""A tenant's history on a real server: pgfleet's ledger and events, and the ledger of a migration tool."""

from dataclasses import replace

from fixtures.rollout import Subject

from pgfleet.documents.history import HistoryDocument
from pgfleet.manifest.model import Tool, ToolLedger
from pgfleet.postgres.read.history import read_history


def history(subject: Subject, ledger: ToolLedger | None = None) -> HistoryDocument:
    with subject.server.session(subject.database, subject.home) as session:
        return read_history(session, replace(subject.manifest, ledger=ledger), "test")


def test_a_rollout_is_what_was_done_by_whom(migrated: Subject) -> None:
    found = history(migrated)
    assert found.ledger is not None
    assert found.events is not None
    versions = [each.version for each in migrated.manifest.migrations]
    assert [(each.version, each.state, each.file_changed) for each in found.ledger] == [
        (version, "applied", False) for version in sorted(versions)
    ]
    assert [(each.version, each.event) for each in found.events] == migrated_events(migrated)
    assert {(each.recorded_by, each.application) for each in found.events} == {("postgres", "pgfleet test")}
    assert (found.tool, found.faults) == (None, ())


def migrated_events(subject: Subject) -> list[tuple[str, str]]:
    rows = subject.query("SELECT version, event FROM pgfleet.ledger_events ORDER BY id")
    return [(version, event) for version, event in rows]


def test_what_an_earlier_version_recorded_and_a_file_that_has_changed(migrated: Subject) -> None:
    version = migrated.manifest.migrations[0].version
    migrated.execute(f"""
        ALTER TABLE pgfleet.ledger_events DROP COLUMN application;
        UPDATE pgfleet.ledger SET checksum = 'other' WHERE version = '{version}';
        INSERT INTO pgfleet.ledger (home_schema, version, file, checksum, state, run_id)
          VALUES ('public', '9', '9.sql', '', 'adopted', 'r'), ('another', '8', '8.sql', '', 'adopted', 'r')
    """)
    found = history(migrated)
    assert found.events is not None
    assert found.ledger is not None
    assert {each.application for each in found.events} == {None}
    changed = {each.version: each.file_changed for each in found.ledger}
    assert (changed[version], changed["9"], "8" in changed) == (True, None, False)


def test_a_tenant_without_a_ledger_has_no_history(subject: Subject) -> None:
    found = history(subject, ToolLedger(tool=Tool.GOOSE, table="goose_db_version", write=False))
    assert (found.ledger, found.events, found.tool, found.faults) == (None, None, None, ())


def test_the_ledger_of_a_tool_is_shown_with_all_columns_in_order_of_time(subject: Subject) -> None:
    subject.execute("""
        CREATE TABLE goose_db_version (id int, version_id bigint, is_applied bool, tstamp timestamp, "100%" text);
        INSERT INTO goose_db_version VALUES (1, 2, true, '2026-01-02 03:04:05', NULL), (2, 1, true, '2025-01-01', 'x')
    """)
    tool = history(subject, ToolLedger(tool=Tool.GOOSE, table="goose_db_version", write=False)).tool
    assert tool is not None
    assert tool.columns == ("id", "version_id", "is_applied", "tstamp", "100%")
    assert tool.rows == (
        ("2", "1", "True", "2025-01-01 00:00:00", "x"),
        ("1", "2", "True", "2026-01-02 03:04:05", None),
    )


def test_a_view_is_not_read_because_it_would_run_its_owners_functions(subject: Subject) -> None:
    subject.execute("CREATE SCHEMA pgfleet; CREATE VIEW pgfleet.ledger AS SELECT 1 / 0 AS home_schema")
    found = history(subject)
    assert (found.ledger, found.faults) == (None, ())


def test_a_table_of_another_form_is_a_fault(subject: Subject) -> None:
    subject.execute(
        "CREATE SCHEMA pgfleet; CREATE TABLE pgfleet.ledger AS SELECT 'public' AS home_schema, 1 AS version"
    )
    found = history(subject)
    assert (found.ledger, found.faults) == ((), ("pgfleet.ledger is not the table that pgfleet creates",))
