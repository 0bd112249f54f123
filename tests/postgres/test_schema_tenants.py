"""A database with one schema per tenant: each is judged separately, as a tenant in public."""

from collections.abc import Iterator

import pytest
from fixtures.manifests import linear_manifest
from fixtures.rollout import Subject
from fixtures.servers import Server, apply_manifest

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.documents.audit import Verdict
from pgfleet.documents.rollout import Result
from pgfleet.manifest.home_schema import replay_home, words_of
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.read.audit import audit
from pgfleet.postgres.read.inspection import inspect
from pgfleet.run.context import RunContext

HOMES = ("acme", 'Odd "Home.x')


@pytest.fixture
def shared_database(server: Server, shipped_manifest: Manifest) -> Iterator[str]:
    """A database with a tenant in each of the schemas above."""
    name = server.create_database()
    for home in HOMES:
        quoted = home.replace('"', '""')
        server.execute(f'CREATE SCHEMA "{quoted}"', name)
        with server.session(name, home) as session:
            apply_manifest(session, shipped_manifest)
    yield name
    server.drop_database(name)


@pytest.fixture
def context(server: Server, shared_database: str, shipped_manifest: Manifest, expected: ExpectedCatalog) -> RunContext:
    tenants = [server.tenant(shared_database, name=home, home=home) for home in HOMES]
    return server.context(shipped_manifest, expected, *tenants)


def test_a_tenant_in_a_schema_equals_one_in_public(
    server: Server, shared_database: str, expected: ExpectedCatalog, context: RunContext
) -> None:
    for home in HOMES:
        with server.session(shared_database, home) as session:
            found = inspect(session, context).observed.catalog
        assert (found.fingerprint, found.managed, found.unexpected) == (expected.fingerprint, None, ())


@pytest.mark.parametrize(
    ("damage", "identity"),
    [
        ("DROP INDEX {home}.idx_ai_messages_conversation", "idx_ai_messages_conversation"),
        ("ALTER TABLE {home}.ai_messages ALTER COLUMN role DROP NOT NULL", "ai_messages.role"),
        (
            "DROP TRIGGER trg_ai_task_queue_updated_at ON {home}.ai_task_queue",
            "ai_task_queue.trg_ai_task_queue_updated_at",
        ),
        (
            (
                "CREATE OR REPLACE TRIGGER trg_ai_task_queue_updated_at BEFORE UPDATE ON {home}.ai_task_queue"
                " FOR EACH ROW EXECUTE FUNCTION {other}.update_timestamp()"
            ),
            "ai_task_queue.trg_ai_task_queue_updated_at",
        ),
        ("ALTER FUNCTION {home}.update_timestamp() STABLE", "update_timestamp()"),
        (
            (
                "ALTER TABLE {home}.ai_messages DROP CONSTRAINT ai_messages_conversation_id_fkey,"
                " ADD CONSTRAINT ai_messages_conversation_id_fkey FOREIGN KEY (conversation_id)"
                " REFERENCES {other}.ai_conversations (id) ON DELETE CASCADE"
            ),
            "ai_messages.ai_messages_conversation_id_fkey",
        ),
        (
            (
                "ALTER TABLE {home}.agent_event_logs ALTER COLUMN id"
                " SET DEFAULT nextval('{other}.agent_event_logs_id_seq')"
            ),
            "agent_event_logs.id",
        ),
        ("ALTER SEQUENCE {home}.agent_event_logs_id_seq INCREMENT 2", "agent_event_logs_id_seq"),
        ("DROP TABLE {home}.ai_task_queue", "ai_task_queue"),
    ],
)
@pytest.mark.parametrize("damaged", [0, 1])
def test_damage_in_a_schema_affects_only_its_tenant(
    server: Server, shared_database: str, context: RunContext, damage: str, identity: str, damaged: int
) -> None:
    names = ["acme", '"Odd ""Home.x"']
    server.execute(damage.format(home=names[damaged], other=names[1 - damaged]), shared_database)
    entries = [audit(tenant, context) for tenant in context.environment.tenants]
    found = [each.identity for migration in entries[damaged].migrations for each in migration.differences]
    assert found == [f"{HOMES[damaged]}.{identity}"]
    assert entries[1 - damaged].verdict is Verdict.READY


def test_damage_to_shared_objects_affects_every_tenant(
    server: Server, shared_database: str, context: RunContext
) -> None:
    server.execute("DROP INDEX ai_guardrails.idx_policy_rules_priority", shared_database)
    for home in HOMES:
        with server.session(shared_database, home) as session:
            [found] = inspect(session, context).assessment.drift
        assert found.identity.qualified(home) == "ai_guardrails.idx_policy_rules_priority"


@pytest.mark.parametrize("home", ["acme", "Globex Corp", "public"])
def test_a_function_may_keep_the_search_path_of_its_creation(server: Server, empty_database: str, home: str) -> None:
    """A tenant created by psql has the server's default, which also contains "$user"."""
    path = "SET search_path FROM CURRENT"
    manifest = linear_manifest(f"CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql {path} AS 'SELECT 1'")
    tenant = Subject(
        server=server, database=empty_database, manifest=manifest, expected=server.proven(manifest), home=home
    )
    server.execute(f'CREATE SCHEMA IF NOT EXISTS "{home}"', empty_database)
    assert tenant.roll_out().result is Result.DONE
    assert tenant.audit().verdict is Verdict.READY
    server.execute(f'SET search_path = "$user", "{home}"; ALTER FUNCTION f() {path}', empty_database)
    assert tenant.audit().verdict is Verdict.READY
    server.execute(f'SET search_path = "{home}"; ALTER FUNCTION f() SET search_path = "other"', empty_database)
    assert tenant.audit().verdict is Verdict.BLOCKED
    assert tenant.roll_out().result is Result.DONE
    assert tenant.audit().verdict is Verdict.READY


WRITTEN = linear_manifest(
    "CREATE TABLE notes (id serial)",
    """
    DO $$ BEGIN
      EXECUTE pg_catalog.format(
        'CREATE FUNCTION number() RETURNS bigint LANGUAGE plpgsql SET search_path = %I, pg_temp AS $f$
         BEGIN EXECUTE ''SELECT 1 FROM %I.notes''; RETURN nextval(%L); END $f$',
        current_schema(), current_schema(), format('%I.notes_id_seq', current_schema())
      );
    END $$
    """,
)
"""Its dynamic SQL writes the home schema's name into a function; it does not say the name itself."""


@pytest.mark.parametrize("home", ["public", "acme", "select", 'Odd "Home.x', "a|b", "$home"])
def test_dynamic_sql_may_write_the_home_schemas_name_into_a_function(
    server: Server, empty_database: str, home: str
) -> None:
    quoted = home.replace('"', '""')
    expected = server.proven(WRITTEN, replay_home(home, words_of(WRITTEN)))
    tenant = Subject(server=server, database=empty_database, manifest=WRITTEN, expected=expected, home=home)
    server.execute(f'CREATE SCHEMA IF NOT EXISTS "{quoted}"', empty_database)
    assert tenant.roll_out().result is Result.DONE
    assert tenant.audit().verdict is Verdict.READY
    for name in {"other", "$home"} - {home}:
        server.execute(f'ALTER FUNCTION "{quoted}".number() SET search_path = "{name}", pg_temp', empty_database)
        assert tenant.audit().verdict is Verdict.BLOCKED


def test_a_function_with_the_home_schemas_name_is_not_created_with_that_of_the_replay(
    server: Server, empty_database: str
) -> None:
    tenant = Subject(
        server=server, database=empty_database, manifest=WRITTEN, expected=server.proven(WRITTEN), home="acme"
    )
    server.execute("CREATE SCHEMA acme", empty_database)
    tenant.roll_out()
    server.execute("DROP FUNCTION acme.number()", empty_database)
    [difference] = tenant.audit().migrations[1].differences
    assert difference.repair
    assert (difference.repair.way, difference.repair.version) == ("rerun", "2")
    server.execute(
        "CREATE FUNCTION acme.number() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'", empty_database
    )
    [difference] = tenant.audit().migrations[1].differences
    assert difference.repair
    assert difference.repair.reason == (
        "its migration writes the home schema's name into it; run the part that creates it again"
    )
