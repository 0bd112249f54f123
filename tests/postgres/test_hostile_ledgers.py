"""What the owner of a tenant's database can make of the ledger: nothing of it is trusted."""

from dataclasses import replace

import psycopg
import pytest
from fixtures.hostile import heard
from fixtures.rollout import Subject

from pgfleet.documents.audit import Verdict
from pgfleet.postgres.apply.ledger import ledger_query
from pgfleet.postgres.read.audit import audit
from pgfleet.postgres.read.history import read_history
from pgfleet.postgres.tenant_session import open_session

pytestmark = pytest.mark.every_version


LEDGER = """
    CREATE DOMAIN public.dom AS text CHECK (VALUE <> '');
    CREATE SCHEMA pgfleet;
    CREATE FUNCTION pgfleet.trap() RETURNS text LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.ran('ledger'); RETURN current_user; END $$;
    CREATE TABLE pgfleet.ledger_format (format integer PRIMARY KEY, made_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO pgfleet.ledger_format (format) VALUES (1);
    CREATE TABLE pgfleet.ledger (
      home_schema text NOT NULL, version text NOT NULL, file text NOT NULL, checksum text NOT NULL,
      state text NOT NULL, run_id text NOT NULL, recorded_by text NOT NULL DEFAULT {default},
      recorded_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (home_schema, version)
    );
    CREATE TABLE pgfleet.ledger_events (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, happened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      event text NOT NULL, home_schema text NOT NULL, version text NOT NULL, file text NOT NULL,
      checksum text NOT NULL, run_id text NOT NULL, recorded_by text NOT NULL DEFAULT current_user
    );
"""


@pytest.mark.parametrize(
    ("default", "owner", "fault"),
    [
        ("pgfleet.trap()", None, "pgfleet.ledger uses a function that is not the server's own"),
        ("('a'::public.dom)", None, "pgfleet.ledger uses a function that is not the server's own"),
        ("current_user", "schema", "schema pgfleet belongs to "),
        ("current_user", "table", "pgfleet.ledger belongs to "),
    ],
)
def test_a_ledger_that_the_owner_made_is_neither_read_nor_written(
    adopted: Subject, listening: psycopg.Connection, default: str, owner: str | None, fault: str
) -> None:
    adopted.execute("DROP SCHEMA pgfleet CASCADE")
    adopted.execute(LEDGER.format(default=default))
    role = adopted.server.create_role()
    if owner:
        name = "SCHEMA pgfleet" if owner == "schema" else "TABLE pgfleet.ledger"
        adopted.server.execute(f"ALTER {name} OWNER TO {role}", adopted.database)
    found = adopted.audit()
    assert (found.verdict, fault in (found.reason or "")) == (Verdict.UNKNOWN, True)
    adopted.execute("DROP INDEX idx_ai_messages_conversation")
    assert adopted.roll_out().migrations == ()
    assert (heard(listening), adopted.query("SELECT count(*) FROM pgfleet.ledger")) == ([], [(0,)])


LEDGER_CHANGES = {
    "CREATE STATISTICS pgfleet.s ON (public.spy(version)), file FROM pgfleet.ledger": "uses a function",
    "ALTER TABLE pgfleet.ledger ALTER run_id TYPE public.dom": "run_id has a type",
    "ALTER TABLE pgfleet.ledger ADD FOREIGN KEY (version) REFERENCES public.versions": "has the foreign key",
    "DROP TRIGGER append_only ON pgfleet.ledger_events; CREATE TRIGGER append_only BEFORE INSERT ON "
    "pgfleet.ledger_events EXECUTE FUNCTION public.leave()": "has the trigger append_only",
}


def test_a_ledger_with_anything_of_the_owners_is_not_used(adopted: Subject) -> None:
    adopted.execute("""
        CREATE DOMAIN public.dom AS text CHECK (VALUE <> '');
        CREATE FUNCTION public.spy(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1; END';
        CREATE FUNCTION public.leave() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TABLE public.versions AS SELECT version FROM pgfleet.ledger;
        ALTER TABLE public.versions ADD PRIMARY KEY (version)
    """)
    with adopted.server.session(adopted.database) as session:
        for change, fault in LEDGER_CHANGES.items():
            with session.dry_run():
                session.execute(change)
                [[(_, found)]] = session.fetch(ledger_query(session))
            assert fault in found


def test_the_owners_ledger_is_not_trusted_because_the_owner_sets_the_role_of_all_sessions(adopted: Subject) -> None:
    owner = adopted.server.create_role()
    ledger = ("ledger", "ledger_events", "ledger_format")
    statements = [f"ALTER TABLE pgfleet.{each} OWNER TO {owner}" for each in ledger]
    adopted.server.execute("; ".join([f"ALTER SCHEMA pgfleet OWNER TO {owner}", *statements]), adopted.database)
    adopted.server.execute(f"ALTER DATABASE {adopted.database} SET role = {owner}")
    adopted.server.execute(f"GRANT pg_read_all_data TO {owner}")
    context = adopted.context
    found = audit(context.environment.tenants[0], context)  # on a new session
    assert (found.verdict, f"pgfleet belongs to {owner}" in (found.reason or "")) == (Verdict.UNKNOWN, True)


def test_values_are_read_under_any_format_settings_of_the_database(adopted: Subject) -> None:
    for setting in ("DateStyle = 'German'", "IntervalStyle = 'sql_standard'", "standard_conforming_strings = off"):
        adopted.server.execute(f"ALTER DATABASE {adopted.database} SET {setting}")
    with open_session(adopted.context.environment.tenants[0], adopted.context) as session:
        history = read_history(session, adopted.manifest, "test")
    assert (len(history.faults), len(history.events) > 0) == (0, True)


def test_a_ledger_of_a_role_that_the_policy_names_is_used(adopted: Subject) -> None:
    role = adopted.server.create_role()
    tables = ("ledger", "ledger_events", "ledger_format")
    statements = [f"ALTER TABLE pgfleet.{each} OWNER TO {role}" for each in tables]
    adopted.server.execute("; ".join([f"ALTER SCHEMA pgfleet OWNER TO {role}", *statements]), adopted.database)
    adopted.policy = replace(adopted.policy, ledger_owners=(role,))
    assert adopted.audit().verdict is Verdict.READY


def test_a_forged_row_of_the_ledger_makes_nothing_applied(adopted: Subject) -> None:
    adopted.execute("DROP INDEX idx_ai_messages_conversation")
    adopted.execute("UPDATE pgfleet.ledger SET state = 'applied'")
    assert adopted.audit().verdict is Verdict.BLOCKED
