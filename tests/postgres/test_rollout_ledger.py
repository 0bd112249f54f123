"""The ledger: commented, append-only, and of a known format."""

import threading
from dataclasses import replace

import psycopg
import pytest
from fixtures.rollout import Subject

from pgfleet.documents.audit import Verdict
from pgfleet.documents.rollout import Result
from pgfleet.errors import LedgerUnusable, PgfleetError
from pgfleet.postgres.apply.ledger import LACKS_APPLICATION, prepare_ledger
from pgfleet.postgres.query import Query
from pgfleet.postgres.session import Session


def test_every_table_and_column_has_a_comment(migrated: Subject) -> None:
    undescribed = migrated.query("""
        SELECT c.relname, a.attname FROM pg_class AS c
        INNER JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
        WHERE c.relnamespace = 'pgfleet'::regnamespace AND c.relkind = 'r'
          AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid) IS NULL)
    """)
    described = migrated.query("SELECT count(*) FROM pg_description WHERE objoid = 'pgfleet.ledger_events'::regclass")
    assert (undescribed, described[0][0]) == ([], 11)


def test_events_say_which_application_wrote_them(migrated: Subject) -> None:
    found = {name for (name,) in migrated.query("SELECT DISTINCT application FROM pgfleet.ledger_events")}
    assert found == {"pgfleet test"}


def test_an_earlier_ledger_says_it_from_now_on(subject: Subject) -> None:
    with subject.server.session(subject.database) as session:
        prepare_ledger(session)
    subject.execute("ALTER TABLE pgfleet.ledger_events DROP COLUMN application")
    columns = "event, home_schema, version, file, checksum, run_id"
    row = f"INSERT INTO pgfleet.ledger_events ({columns}) VALUES ('adopted', 'public', '{{}}', '', '', 'r')"
    subject.execute(row.format("old"))
    with subject.server.session(subject.database) as session, session.dry_run():
        prepare_ledger(session)
        assert session.fetch(LACKS_APPLICATION) == [[(True,)]], "a dry run locks nothing"
    with subject.server.session(subject.database) as session:
        prepare_ledger(session)
        assert session.fetch(LACKS_APPLICATION) == [[(False,)]]
    subject.execute(row.format("new"))
    found = subject.query("SELECT version, application IS NULL FROM pgfleet.ledger_events ORDER BY id")
    assert found == [("old", True), ("new", False)]


def test_a_ledger_of_another_role_is_used_as_it_is(subject: Subject) -> None:
    with subject.server.session(subject.database) as session:
        prepare_ledger(session)
    role = subject.server.create_role()
    subject.execute(f"""
        ALTER TABLE pgfleet.ledger_events DROP COLUMN application; GRANT USAGE ON SCHEMA pgfleet TO {role};
        GRANT SELECT ON ALL TABLES IN SCHEMA pgfleet TO {role}
    """)
    with Session(subject.server.dsn(subject.database, role)) as session:
        prepare_ledger(session)
        assert session.fetch(LACKS_APPLICATION) == [[(False,)]]


def test_an_existing_schema_is_used(subject: Subject) -> None:
    """So that the role of a rollout needs no right to make schemas."""
    role = subject.server.create_role()
    subject.execute(f"CREATE SCHEMA pgfleet AUTHORIZATION {role}")
    with Session(subject.server.dsn(subject.database, role)) as session:
        prepare_ledger(session)
    assert subject.has_ledger()


@pytest.mark.parametrize(
    "change", ["UPDATE {} SET version = '0'", "DELETE FROM {}", "TRUNCATE {}", "TRUNCATE {} CASCADE"]
)
def test_events_are_append_only(migrated: Subject, change: str) -> None:
    events = migrated.events()
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only added to"):
        migrated.execute(change.format("pgfleet.ledger_events"))
    assert migrated.events() == events


def test_a_ledger_of_a_later_format_is_rejected_and_unchanged(subject: Subject) -> None:
    plan = subject.plan()
    with subject.server.session(subject.database) as session:
        prepare_ledger(session)
    subject.execute("UPDATE pgfleet.ledger_format SET format = 2")
    result = subject.roll_out(plan)
    assert result.result is Result.FAILED
    assert "its format is 2, this pgfleet supports 1" in (result.reason or "")
    assert subject.rows() == {}, "nothing was done"
    found = subject.audit()
    assert (found.verdict, "its format is 2" in (found.reason or "")) == (Verdict.UNKNOWN, True)
    with subject.server.session(subject.database) as session, pytest.raises(LedgerUnusable):
        prepare_ledger(session)


def test_tenants_of_one_database_share_one_ledger(briefly: Subject) -> None:
    briefly.execute("".join(f"CREATE SCHEMA s{n};" for n in range(4)))
    subjects = [replace(briefly, home=f"s{n}") for n in range(4)]
    results: list[tuple[Result, str]] = []

    def prepare(each: Subject) -> None:
        result = each.roll_out()
        errors = [step.error.message for step in (*result.migrations, *result.seeds) if step.error]
        results.append((result.result, result.reason or "; ".join(errors)))

    threads = [threading.Thread(target=prepare, args=(each,)) for each in subjects]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [(Result.DONE, "")] * 4
    assert briefly.query("SELECT count(*), count(DISTINCT home_schema) FROM pgfleet.ledger") == [(12, 4)]
    assert briefly.query("SELECT count(*) FROM pgfleet.ledger_format") == [(1,)]


def test_concurrent_runs_create_the_ledger_once(subject: Subject) -> None:
    errors: list[Exception] = []
    together = threading.Barrier(8)

    def prepare() -> None:
        with subject.server.session(subject.database) as session:
            session.fetch_value(Query("SELECT 1"))
            together.wait()
            try:
                prepare_ledger(session)
            except PgfleetError as error:
                errors.append(error)

    threads = [threading.Thread(target=prepare) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
