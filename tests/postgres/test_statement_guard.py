"""A manifest's checks and scripts run only if the objects that they name are the manifest's own."""

from collections.abc import Callable

import pytest
from fixtures.rollout import Subject, step
from fixtures.servers import Server

from pgfleet.documents.audit import Verdict
from pgfleet.documents.rollout import StepStatus
from pgfleet.errors import DatabaseError
from pgfleet.postgres.guard import Trust
from pgfleet.postgres.query import Query

NOTES = """
CREATE TABLE IF NOT EXISTS notes (id int PRIMARY KEY, body text);
CREATE OR REPLACE FUNCTION size_of(t text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT length(t)';
CREATE OR REPLACE VIEW long_notes AS SELECT * FROM notes WHERE size_of(body) > 3;
CREATE DOMAIN word AS text;
CREATE OR REPLACE FUNCTION in_notes(w word) RETURNS bigint LANGUAGE sql STABLE
  AS 'SELECT count(*) FROM notes WHERE body = w';
CREATE OR REPLACE FUNCTION notes_with(t text) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT in_notes(t::word)';
CREATE OR REPLACE VIEW x_notes AS SELECT notes_with('x') AS number;
"""
CHECK = """
[[migrations.checks]]
name = "sizes"
query = "{query}"
returns = [[{value}]]
"""
EVIL = (
    "CREATE OR REPLACE FUNCTION {} LANGUAGE plpgsql {} AS $$ BEGIN RAISE NOTICE 'ran'; RAISE EXCEPTION 'ran'; END $$;"
)


ATTACKS = {
    "a function of the manifest, replaced": (
        "SELECT count(*) FROM notes WHERE size_of(body) > 3",
        EVIL.format("size_of(t text) RETURNS int", "IMMUTABLE"),
        "function public.size_of",
    ),
    "a function that one of the manifest calls": (
        "SELECT count(*) FROM notes WHERE size_of(body) > 3",
        EVIL.format("public.length(varchar) RETURNS int", "IMMUTABLE"),
        "function public.size_of",
    ),
    "an overload of a function of the manifest": (
        "SELECT count(*) FROM notes WHERE size_of(body) > 3",
        EVIL.format("size_of(t varchar) RETURNS int", ""),
        "function public.size_of",
    ),
    "a function in the place of a column": (
        "SELECT count(n.body) FROM notes AS n",
        "DROP VIEW long_notes; ALTER TABLE notes DROP body;" + EVIL.format("body(notes) RETURNS text", "STABLE"),
        "function public.body",
    ),
    "an implicit cast": (
        "SELECT count(*) FROM notes WHERE length(body) > 3",
        "CREATE TYPE odd AS ENUM ('a');"
        + EVIL.format("as_text(odd) RETURNS text", "")
        + "CREATE CAST (odd AS text) WITH FUNCTION as_text(odd) AS IMPLICIT",
        "function public.as_text",
    ),
    "a function that a view of the manifest calls": (
        "SELECT count(*) FROM long_notes",
        EVIL.format("size_of(t text) RETURNS int", "IMMUTABLE"),
        "function public.size_of",
    ),
    "a view in the place of the one of the manifest": (
        "SELECT count(*) FROM long_notes",
        EVIL.format("spy() RETURNS boolean", "")
        + "CREATE OR REPLACE VIEW long_notes AS SELECT * FROM notes WHERE spy()",
        "long_notes is not an ordinary table",
    ),
    "a view in the place of a table that a function of the manifest reads": (
        "SELECT notes_with('x')",
        """
        DROP VIEW long_notes; ALTER TABLE notes RENAME TO behind;
        CREATE VIEW notes AS SELECT * FROM behind WHERE pg_catalog.pg_notify('ran', '') IS NULL
        """,
        "notes is not an ordinary table",
    ),
    "the same where a view of the manifest calls the function": (
        "SELECT number FROM x_notes",
        """
        DROP VIEW long_notes; ALTER TABLE notes RENAME TO behind;
        CREATE VIEW notes AS SELECT * FROM behind WHERE pg_catalog.pg_notify('ran', '') IS NULL
        """,
        "notes is not an ordinary table",
    ),
    "a domain of a parameter of the manifest's": (
        "SELECT in_notes('x')",
        EVIL.format("spy() RETURNS boolean", "IMMUTABLE") + "ALTER DOMAIN word ADD CHECK (spy()) NOT VALID",
        "the type public.word uses the function public.spy",
    ),
    "a cast of a column of another type": (
        "SELECT count(*) FROM notes WHERE body::text = 'x'",
        "CREATE TYPE odd AS ENUM ('a');"
        + EVIL.format("as_text(odd) RETURNS text", "")
        + "CREATE CAST (odd AS text) WITH FUNCTION as_text(odd);"
        + "DROP VIEW long_notes; ALTER TABLE notes ALTER body TYPE odd USING 'a'",
        "a cast uses the function public.as_text",
    ),
    "a table with the name of a common table expression": (
        "WITH a AS (SELECT count(*) AS n FROM later), later AS (SELECT 1) SELECT n FROM a",
        EVIL.format("spy() RETURNS boolean", "") + "DROP TABLE later; CREATE VIEW later AS SELECT 1 WHERE spy()",
        "later is not an ordinary table",
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_check_runs_only_what_the_manifest_created(small: Callable[..., Subject], name: str) -> None:
    query, attack, reason = ATTACKS[name]
    subject = small({"1_notes.sql": NOTES}, v1=CHECK.format(query=query, value=0))
    subject.execute("CREATE TABLE later (id int)")
    assert subject.roll_out().error is None
    assert subject.audit().verdict is Verdict.READY
    subject.execute(attack)
    found = subject.audit()
    assert found.verdict is not Verdict.READY
    details = [check.detail or "" for each in found.migrations for check in each.checks]
    assert reason in " ".join([*details, found.reason or ""])


@pytest.mark.every_version
def test_a_check_may_read_views_and_call_functions_of_the_manifest(small: Callable[..., Subject]) -> None:
    subject = small({"1_notes.sql": NOTES}, v1=CHECK.format(query="SELECT max(size_of(body)) FROM long_notes", value=5))
    subject.execute(NOTES + "INSERT INTO notes VALUES (1, 'words')")
    assert subject.audit().verdict is Verdict.READY


SCRIPTS = {
    "a view in the place of a table": (
        "UPDATE notes SET body = 'x' WHERE id = 0;",
        "ALTER TABLE notes RENAME TO behind; CREATE VIEW notes AS SELECT * FROM behind",
        "notes is not an ordinary table",
    ),
    "a view in the place of a table, in a DO block": (
        "DO $$ BEGIN UPDATE notes SET body = 'x' WHERE id = 0; END $$;",
        "ALTER TABLE notes RENAME TO behind; CREATE VIEW notes AS SELECT * FROM behind",
        "notes is not an ordinary table",
    ),
    "a function in the place of the server's": (
        "INSERT INTO notes SELECT round(1.5), 'x';",
        EVIL.format("round(double precision, int) RETURNS int", ""),
        "function public.round could be called instead of the server's own",
    ),
}


@pytest.mark.every_version
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_runs_only_on_what_the_manifest_created(small: Callable[..., Subject], name: str) -> None:
    script, attack, reason = SCRIPTS[name]
    subject = small(
        {"1_notes.sql": "CREATE TABLE notes (id int, body text);", "2_data.sql": script},
        v2=CHECK.format(query="SELECT 1", value=1),
    )
    plan = subject.plan()
    subject.roll_out(plan.model_copy(update={"migrations": plan.migrations[:1]}))
    plan = subject.plan()
    subject.execute(attack)
    result = subject.roll_out(plan)
    found = step(result, "2")
    assert found.status is not StepStatus.DONE
    error = found.error or result.error
    assert error is not None
    assert reason in error.message


@pytest.mark.every_version
def test_a_view_in_the_place_of_a_trusted_table_is_not_read(server: Server) -> None:
    """As if the owner had replaced the table after the inspection."""
    table = '"public"."notes"'
    database = server.create_database()
    server.execute("CREATE TABLE notes (id int)", database)
    query = Query(f"SELECT count(*) FROM {table}", tables=frozenset({table}), at_home=True)
    with server.session(database) as session:
        session.trust = Trust(tables=frozenset({table}))
        assert session.fetch(query) == [[(0,)]]
        server.execute("DROP TABLE notes; CREATE VIEW notes AS SELECT pg_backend_pid() FROM pg_sleep(60)", database)
        with pytest.raises(DatabaseError, match="notes is not an ordinary table"):
            session.fetch(query)
        session.trust = Trust(views=frozenset({table}))
        server.execute("CREATE OR REPLACE VIEW notes AS SELECT pg_backend_pid() FROM pg_sleep(0)", database)
        assert session.fetch(query) == [[(1,)]]
