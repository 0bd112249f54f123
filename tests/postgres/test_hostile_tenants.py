"""What the owner of a tenant's database can create there: nothing of it runs in an audit, or hides damage."""

import resource

import psycopg
import pytest
from fixtures.hostile import heard
from fixtures.rollout import Subject
from fixtures.servers import Server

from pgfleet.documents.audit import TenantEntry, Verdict
from pgfleet.documents.findings import MigrationStatus
from pgfleet.errors import AccessRefused, StatementFailed
from pgfleet.hidden_characters import is_shown
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.query import Query
from pgfleet.postgres.read.audit import count_tables
from pgfleet.postgres.read.servers import identify
from pgfleet.postgres.scratch.database import scratch_database
from pgfleet.postgres.session import Session
from pgfleet.reports.phrases.audit import sentence

pytestmark = pytest.mark.every_version


def statuses(entry: TenantEntry) -> set[str]:
    return {each.version for each in entry.migrations if each.status is MigrationStatus.DRIFTED}


SHADOWS = {
    "a function that fits the engine's call better": """
        CREATE FUNCTION public.quote_ident(name) RETURNS text LANGUAGE plpgsql AS
        $$ BEGIN PERFORM public.ran('quote_ident'); RETURN pg_catalog.quote_ident($1::text); END $$
    """,
    "a function with other types": """
        CREATE FUNCTION public.concat_ws(text, text, text, text, text) RETURNS text LANGUAGE plpgsql AS
        $$ BEGIN PERFORM public.ran('concat_ws'); RETURN pg_catalog.concat_ws($1, $2, $3, $4, $5); END $$
    """,
    "an operator that fits better": """
        CREATE FUNCTION public.eq(name, text) RETURNS boolean LANGUAGE plpgsql AS
        $$ BEGIN PERFORM public.ran('='); RETURN $1::text OPERATOR(pg_catalog.=) $2; END $$;
        CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = text, FUNCTION = public.eq);
        CREATE FUNCTION public.eq(oid, regclass) RETURNS boolean LANGUAGE plpgsql AS
        $$ BEGIN PERFORM public.ran('oid ='); RETURN $1 OPERATOR(pg_catalog.=) $2::oid; END $$;
        CREATE OPERATOR public.= (LEFTARG = oid, RIGHTARG = regclass, FUNCTION = public.eq);
        CREATE FUNCTION public.joined(text, name) RETURNS text LANGUAGE plpgsql AS
        $$ BEGIN PERFORM public.ran('||'); RETURN pg_catalog.concat($1, $2); END $$;
        CREATE OPERATOR public.|| (LEFTARG = text, RIGHTARG = name, FUNCTION = public.joined)
    """,
}


@pytest.mark.parametrize("name", SHADOWS)
def test_what_shadows_the_servers_own_is_not_called(adopted: Subject, listening: psycopg.Connection, name: str) -> None:
    adopted.execute(SHADOWS[name])
    found = adopted.audit()
    assert heard(listening) == []
    if "operator" not in name:
        assert found.verdict is Verdict.READY
        return
    assert found.verdict is Verdict.UNKNOWN, "a check of the manifest could call it"
    assert "operator public.= could be called instead of the server's own" in (found.reason or "")


def test_a_forged_line_hides_no_damage(adopted: Subject) -> None:
    adopted.execute("ALTER TABLE ai_messages ALTER content DROP NOT NULL")
    adopted.execute("""
        CREATE FUNCTION public.concat_ws(text, text, text, text, text) RETURNS text LANGUAGE sql AS $$
          SELECT pg_catalog.concat_ws($1, $2, $3, $4,
            CASE WHEN $2 = 'column' AND $4 = 'ai_messages.content'
              THEN replace($5, '"not_null": false', '"not_null": true') ELSE $5 END)
        $$
    """)
    assert (adopted.audit().verdict, statuses(adopted.audit())) == (Verdict.BLOCKED, {"20250315"})


TRAPS = {
    "a view": """
        CREATE FUNCTION public.spy() RETURNS boolean LANGUAGE plpgsql AS
        $$ BEGIN PERFORM public.ran('view'); RETURN true; END $$;
        ALTER TABLE ai_conversations RENAME TO behind;
        CREATE VIEW ai_conversations AS SELECT * FROM behind WHERE public.spy()
    """,
    "a view that the planner evaluates": """
        CREATE FUNCTION public.constant(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
        $$ BEGIN PERFORM public.ran($1); RETURN true; END $$;
        ALTER TABLE ai_task_queue RENAME TO behind;
        CREATE VIEW ai_task_queue AS SELECT * FROM behind WHERE public.constant('contract')
    """,
}


@pytest.mark.parametrize("name", TRAPS)
def test_a_view_in_the_place_of_a_table_is_neither_counted_nor_planned(
    adopted: Subject, listening: psycopg.Connection, name: str
) -> None:
    adopted.execute(TRAPS[name])
    found = adopted.audit()
    assert found.verdict is Verdict.BLOCKED
    assert "20250315" in statuses(found)
    assert heard(listening) == []


FOREIGN = {
    "a child": "CREATE FOREIGN TABLE far () INHERITS (ai_messages) SERVER elsewhere",
    "a child of a child": """
        CREATE TABLE near () INHERITS (ai_messages);
        CREATE FOREIGN TABLE far () INHERITS (near) SERVER elsewhere
    """,
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_table_with_a_foreign_descendant_is_not_queried_and_not_missing(adopted: Subject, name: str) -> None:
    adopted.execute(f"CREATE FOREIGN DATA WRAPPER w; CREATE SERVER elsewhere FOREIGN DATA WRAPPER w; {FOREIGN[name]}")
    parent = "near" if "near" in FOREIGN[name] else "ai_messages"
    reason = (
        f"ai_messages could not be counted: not queried: public.far is a foreign table that inherits from "
        f"public.{parent} (SQLSTATE 55000)"
    )
    found = adopted.audit()
    assert (found.verdict, found.reason) == (Verdict.UNKNOWN, reason)
    counted = count_tables(adopted.context.environment.tenants[0], adopted.context, adopted.run)
    assert counted.reason == reason
    for counts in (found.counts, counted.counts or ()):
        assert [(each.table, each.rows) for each in counts] == [("ai_conversations", 20), ("ai_messages", None)]


CONSTANTS = {
    "index": "CREATE INDEX evil ON ai_messages ((content || public.constant('index')))",
    "condition of an index": "CREATE INDEX evil ON ai_messages (id) WHERE public.constant('index') = 'x'",
    "check": "ALTER TABLE ai_messages ADD CHECK (public.constant('check') = 'x') NOT VALID",
    "default": "ALTER TABLE ai_messages ADD COLUMN evil text DEFAULT public.constant('default')",
    "statistics": "CREATE STATISTICS evil ON (content || public.constant('statistics')), id FROM ai_messages",
    "index on a column by a function whose body takes its place": """
        CREATE FUNCTION public.inlined(text) RETURNS text LANGUAGE sql IMMUTABLE
        AS $$ SELECT $1 || public.constant('inlined') $$;
        CREATE INDEX evil ON ai_messages (public.inlined(content))
    """,
    "index of a child": """
        CREATE TABLE child () INHERITS (ai_messages);
        CREATE INDEX evil ON child ((content || public.constant('child')))
    """,
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_tables_for_which_the_planner_would_call_the_tenants_functions_are_not_queried(
    adopted: Subject, listening: psycopg.Connection, name: str
) -> None:
    adopted.execute(
        """
        CREATE FUNCTION public.constant(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
        $$ BEGIN PERFORM public.ran($1); RETURN 'x'; END $$
        """
    )
    adopted.execute(CONSTANTS[name])
    heard(listening)
    found = adopted.audit()
    assert heard(listening) == []
    assert found.verdict is Verdict.UNKNOWN
    function = "inlined" if "body" in name else "constant"
    assert f"uses the function public.{function}, which is not as in the manifest" in (found.reason or "")


SIMPLIFIED = {
    "constant by a body": (
        "CREATE FUNCTION inl(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'z'::text $$",
        "CREATE INDEX i ON ai_messages (constant(inl(content)))",
    ),
    "NULL by a strict function": ("", "CREATE INDEX i ON ai_messages (constant(content || NULL))"),
    "constraint of a domain": (
        """
        CREATE DOMAIN inner_domain AS text CHECK (constant('domain') = 'x');
        CREATE DOMAIN outer_domain AS text CHECK (VALUE::inner_domain <> '')
        """,
        "CREATE INDEX i ON ai_messages ((('a'::outer_domain)::text), id)",
    ),
    "name in quotes, in a body": (
        """
        CREATE FUNCTION "a b"(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public.constant($1); END';
        CREATE FUNCTION inl(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT $1 || public.U&"a\\0020b"('x') $$
        """,
        "CREATE INDEX i ON ai_messages (inl(content))",
    ),
}


def test_calls_that_become_calls_of_constants_are_found(adopted: Subject, listening: psycopg.Connection) -> None:
    adopted.execute("""
        CREATE FUNCTION public.constant(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
        $$ BEGIN PERFORM public.ran($1); RETURN 'x'; END $$
    """)
    count = Query("SELECT count(*) FROM public.ai_messages", tables=frozenset({'"public"."ai_messages"'}))
    for name, (before, index) in SIMPLIFIED.items():
        adopted.execute(f"{before}; {index}")
        heard(listening)
        with adopted.server.session(adopted.database) as session, pytest.raises(StatementFailed, match="not queried"):
            session.fetch(count)
        assert heard(listening) == [], name
        with psycopg.connect(adopted.server.cluster.dsn(adopted.database), autocommit=True) as connection:
            connection.execute("EXPLAIN SELECT count(*) FROM public.ai_messages")
        assert heard(listening), f"{name}: it would have been called"
        adopted.execute(
            'DROP INDEX i; DROP FUNCTION IF EXISTS inl(text), "a b"(text);'
            "DROP DOMAIN IF EXISTS outer_domain; DROP DOMAIN IF EXISTS inner_domain"
        )


def test_a_domain_that_checks_its_value_is_harmless(adopted: Subject, listening: psycopg.Connection) -> None:
    adopted.execute("""
        CREATE FUNCTION public.is_email(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
        $$ BEGIN PERFORM public.ran($1); RETURN true; END $$;
        CREATE DOMAIN public.email AS text CHECK (public.is_email(VALUE));
        ALTER TABLE ai_messages ADD COLUMN sender public.email DEFAULT 'a@b'
    """)
    heard(listening)
    assert (adopted.audit().verdict, heard(listening)) == (Verdict.READY, [])


def test_a_default_by_a_function_in_sql_that_calls_the_servers_own_is_harmless(adopted: Subject) -> None:
    adopted.execute("""
        CREATE FUNCTION public.new_id() RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()';
        ALTER TABLE ai_messages ADD COLUMN extra uuid DEFAULT public.new_id()
    """)
    assert adopted.audit().verdict is Verdict.READY


def test_an_index_on_a_function_of_a_column_is_harmless(adopted: Subject, listening: psycopg.Connection) -> None:
    adopted.execute("""
        CREATE FUNCTION public.plain(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
        $$ BEGIN PERFORM public.ran($1); RETURN $1; END $$;
        CREATE INDEX extra ON ai_messages (lower(public.plain(content)))
    """)
    heard(listening)
    assert adopted.audit().verdict is Verdict.READY
    assert heard(listening) == []


def test_a_domain_of_the_owners_is_not_checked_when_a_contract_is_planned(
    adopted: Subject, listening: psycopg.Connection
) -> None:
    adopted.execute("""
        CREATE FUNCTION public.constraint_of(text) RETURNS boolean LANGUAGE plpgsql AS
        $$ BEGIN PERFORM public.ran('domain'); RETURN true; END $$;
        CREATE DOMAIN public.inner_domain AS varchar(20) CHECK (public.constraint_of(VALUE));
        CREATE DOMAIN public.outer_domain AS public.inner_domain;
        ALTER TABLE ai_messages ALTER COLUMN role TYPE public.outer_domain
    """)
    heard(listening)
    found = adopted.audit()
    assert heard(listening) == []
    assert found.verdict is Verdict.BLOCKED
    details = " ".join(each.detail or "" for each in found.contracts)
    assert "a constraint of the domain outer_domain calls a function" in details.replace("public.", "")


def test_the_settings_of_one_database_do_not_make_its_server_unusable(adopted: Subject, database: str) -> None:
    server = adopted.server
    context = server.context(
        adopted.manifest, adopted.expected, server.tenant(adopted.database), server.tenant(database)
    )
    settings = {"local_preload_libraries": "timeout expired, starting up"}
    if server.major >= 17:
        settings["transaction_timeout"] = "1ms"
    for name, value in settings.items():
        server.execute(f"ALTER DATABASE {adopted.database} SET {name} = '{value}'")
        identity = identify(context.environment.tenants, context)
        assert identity
        # A fast machine may be done within a millisecond.
        assert identity.tenant == database or name == "transaction_timeout"
        server.execute(f"ALTER DATABASE {adopted.database} RESET {name}")
    server.execute(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    with scratch_database(server.dsn(database), Limits()) as scratch:
        assert scratch.fetch(Query("SELECT 1")) == [[(1,)]]


def test_no_other_login_can_connect_to_a_scratch_database(server: Server) -> None:
    role = server.create_role()
    with scratch_database(server.admin, Limits()) as scratch:
        [[(name,)]] = scratch.fetch(Query("SELECT pg_catalog.current_database()"))
        with pytest.raises(AccessRefused), Session(server.dsn(name, role)) as session:
            session.fetch(Query("SELECT 1"))


def test_rows_that_a_policy_hides_are_no_smaller_number(adopted: Subject) -> None:
    adopted.role = adopted.server.create_role()
    adopted.server.execute(f"GRANT pg_read_all_data TO {adopted.role}", adopted.database)
    adopted.execute("ALTER TABLE ai_conversations ENABLE ROW LEVEL SECURITY")
    found = adopted.audit()
    assert next((each.table, each.rows) for each in found.counts) == ("ai_conversations", None)
    assert found.verdict is Verdict.BLOCKED, "its row security is not as expected"
    assert "row-level security" in (found.reason or "")


MANY = """
DO $$ BEGIN
  FOR n IN 1..1100 LOOP
    EXECUTE pg_catalog.format('CREATE FUNCTION ai_guardrails.f%s() RETURNS int LANGUAGE sql AS %L', n, 'SELECT 1');
  END LOOP;
END $$
"""


def test_of_many_unexpected_objects_some_are_listed_and_the_others_counted(adopted: Subject) -> None:
    adopted.execute(MANY)
    found = adopted.audit()
    assert found.verdict is Verdict.READY
    assert (len(found.unexpected), found.unexpected_left_out) == (200, 900)


def test_a_large_definition_is_cut_and_its_object_is_changed(adopted: Subject) -> None:
    adopted.execute(f"ALTER TABLE public.ai_conversations ALTER status SET DEFAULT '{'x' * 1_000_000}'")
    found = adopted.audit()
    [difference] = [each for migration in found.migrations for each in migration.differences]
    assert (difference.identity, difference.change) == ("public.ai_conversations.status", "changed")
    assert len(difference.actual or "") == 20_000
    assert difference.actual_left_out > 200_000


def test_names_that_forge_are_shown_as_escapes(adopted: Subject) -> None:
    adopted.execute(
        'ALTER TABLE public.ai_messages ADD COLUMN "a\nb: ready" text;'
        "ALTER TABLE public.ai_messages ADD COLUMN \"\u202egnp.exe\" text DEFAULT '\x1b[2J';"
        "DROP INDEX public.idx_ai_messages_conversation"
    )
    found = adopted.audit()
    assert found.verdict is Verdict.BLOCKED
    names = ["public.ai_messages.a\nb: ready", 'public.ai_messages."\u202egnp.exe"']
    assert {each.identity for each in found.unexpected} == {*names}
    lines = [sentence(each) for each in (found, *found.unexpected)]
    assert all(map(is_shown, lines))
    assert any(r"public.ai_messages.a\nb: ready" in each for each in lines)


FLOOD = """
CREATE FUNCTION public.flood() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM pg_catalog.set_config('client_min_messages', 'debug5', false);
  FOR n IN 1..20000 LOOP RAISE INFO '% %', n, pg_catalog.repeat('x', 500); END LOOP;
  RETURN NEW;
END $$;
CREATE TABLE public.flooded (a int);
CREATE TRIGGER flood BEFORE INSERT ON public.flooded FOR EACH ROW EXECUTE FUNCTION public.flood()
"""


def test_messages_without_end_are_not_kept(server: Server, empty_database: str) -> None:
    server.execute(FLOOD, empty_database)
    with server.session(empty_database) as session:
        session.run_script("SELECT 1")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        session.run_script("INSERT INTO public.flooded VALUES (1)")
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2_000, "in KiB, of 10,000 sent"


LEFT_AT_COMMIT = """
CREATE TABLE public.first (a int);
CREATE TABLE public.second (a int);
CREATE FUNCTION public.postpone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  SET CONSTRAINTS public.leave DEFERRED;
  INSERT INTO public.second VALUES (1);
  RETURN NULL;
END $$;
CREATE FUNCTION public.leave() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM pg_catalog.pg_notify('left', 'something');
  CREATE TEMPORARY TABLE first (a int);
  LISTEN "left";
  PERFORM pg_catalog.set_config('standard_conforming_strings', 'off', false);
  PERFORM pg_catalog.set_config('lc_numeric', 'POSIX', false);
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER postpone AFTER INSERT ON public.first DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION public.postpone();
CREATE CONSTRAINT TRIGGER leave AFTER INSERT ON public.second DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION public.leave()
"""
STATE = """
SELECT
  pg_catalog.to_regclass('pg_temp.first'),
  pg_catalog.current_setting('standard_conforming_strings'),
  pg_catalog.current_setting('lc_numeric'),
  ARRAY(SELECT pg_catalog.pg_listening_channels())
"""


def test_a_trigger_that_runs_at_the_commit_leaves_nothing_in_the_session(server: Server, empty_database: str) -> None:
    server.execute(LEFT_AT_COMMIT, empty_database)
    with server.session(empty_database) as session:
        before = session.fetch(Query(STATE))
        session.run_script("INSERT INTO public.first VALUES (1)")
        assert server.query("SELECT count(*) FROM public.second", empty_database) == [(1,)]
        assert session.fetch(Query(STATE)) == before
        assert not session.open()._notifies_backlog, "psycopg would keep any number of notifications"
