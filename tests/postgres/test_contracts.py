"""Contracts are planned as the consumer's role: failures are reported, and nothing is executed."""

import dataclasses

import psycopg
import pytest
from fixtures.servers import POLICY, Server, apply_manifest

from pgfleet.catalog.contracts import ContractObservation
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.documents.audit import TenantEntry, Verdict
from pgfleet.documents.findings import ContractEntry
from pgfleet.errors import TryAgain
from pgfleet.manifest.contracts import contract_fault, contract_statements
from pgfleet.manifest.model import Contract, Manifest, Priority, Script
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.guard import Trust
from pgfleet.postgres.query import Query
from pgfleet.postgres.read.audit import audit
from pgfleet.postgres.read.contracts import try_contracts
from pgfleet.postgres.session import Session

POLICY_ENGINE = "policy_engine (planner service)"
LOGGER = "AgentAnalyticsLogger"
TOUCHED = Query("SELECT t.note, s.last_value FROM touched AS t, touched_a_seq AS s", at_home=True)
PREPARED = Query("SELECT name FROM pg_catalog.pg_prepared_statements")


def a_contract(*statements: str) -> Contract:
    """A contract whose statements are named 1, 2, 3 …"""
    sql = ";\n".join(f"-- name: {number}\n{text}" for number, text in enumerate(statements, start=1))
    assert contract_fault(sql) is None
    return Contract(
        consumer="worker",
        script=Script(path="contracts/worker.sql", sql=sql, checksum=""),
        priority=Priority.P0,
        statements=contract_statements(sql, file="worker.sql"),
    )


def attempt(session: Session, *statements: str, role: str | None = None) -> ContractObservation:
    [reading] = try_contracts(session, [a_contract(*statements)], {"worker": role} if role else {})
    return reading


def failures(reading: ContractObservation) -> list[tuple[str | None, str]]:
    return [(each.statement, each.sqlstate) for each in reading.failures]


def by_consumer(entry: TenantEntry) -> dict[str, ContractEntry]:
    return {each.consumer: each for each in entry.contracts}


@pytest.fixture
def role(server: Server, database: str) -> str:
    """A service's role, which may do all that the shipped contracts need, and nothing else."""
    name = server.create_role()
    server.execute(
        f"""
        GRANT USAGE ON SCHEMA public, ai_guardrails TO {name};
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name};
        GRANT SELECT ON ai_guardrails.policy_rules TO {name};
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name};
        """,
        database,
    )
    return name


@pytest.mark.every_version
def test_every_shipped_statement_works(
    server: Server, database: str, role: str, shipped_manifest: Manifest, expected: ExpectedCatalog
) -> None:
    consumers = [each.consumer for each in shipped_manifest.contracts]
    working = tuple(ContractObservation(consumer=each) for each in consumers)
    assert expected.contracts == working
    with server.session(database) as session:
        assert try_contracts(session, shipped_manifest.contracts, {}) == working
        assert try_contracts(session, shipped_manifest.contracts, dict.fromkeys(consumers, role)) == working
        assert try_contracts(session, shipped_manifest.contracts, dict.fromkeys(consumers[::2], role)) == working


def test_working_statements_take_one_round_trip(
    server: Server, database: str, role: str, shipped_manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = []
    execute = psycopg.ClientCursor.execute
    monkeypatch.setattr(psycopg.ClientCursor, "execute", lambda *given: (sent.append(given[1]), execute(*given))[1])
    with server.session(database) as session:
        try_contracts(session, shipped_manifest.contracts, {LOGGER: role})
    assert len(sent) == 1


@pytest.mark.every_version
@pytest.mark.parametrize(
    ("damage", "statement", "sqlstate"),
    [
        pytest.param(
            "ALTER TABLE ai_messages DROP COLUMN metadata",
            "SELECT metadata FROM ai_messages WHERE id = $1",
            "42703",
            id="missing column",
        ),
        pytest.param("DROP TABLE ai_messages", "DELETE FROM ai_messages WHERE id = $1", "42P01", id="missing table"),
        pytest.param(
            "DROP SCHEMA ai_guardrails CASCADE",
            "SELECT name FROM ai_guardrails.policy_rules",
            "42P01",
            id="missing schema",
        ),
        pytest.param(
            "ALTER TABLE skill_workflows DROP CONSTRAINT skill_workflows_name_version_key",
            "INSERT INTO skill_workflows (name, version) VALUES ($1, $2) ON CONFLICT (name, version) DO NOTHING",
            "42P10",
            id="missing conflict target",
        ),
        pytest.param("", "SELECT no_such_function($1)", "42883", id="missing function"),
        pytest.param("", "SELECT id FROM ai_messages WHERE id = 7", "42883", id="operator of other types"),
        pytest.param("", "UPDATE ai_messages SET created_at = $1 + 1", "42804", id="wrong type of an expression"),
        pytest.param("", "UPDATE ai_messages SET metadata = 'x'", "22P02", id="wrong literal"),
        pytest.param("", "UPDATE ai_messages SET created_at = TRUE", "42804", id="wrong type of a value"),
        pytest.param(
            "ALTER TABLE ai_messages ADD twice text GENERATED ALWAYS AS (content || content) STORED",
            "UPDATE ai_messages SET twice = $1",
            "428C9",
            id="generated column",
        ),
        pytest.param("", "SELECT $2::integer", "42P18", id="parameter of no type"),
        pytest.param("", "SELECT 1 FROM ai_messages GROUP BY id FOR UPDATE", "0A000", id="impossible lock"),
    ],
)
def test_a_statement_that_cannot_be_planned_fails_by_name(
    server: Server, database: str, role: str, damage: str, statement: str, sqlstate: str
) -> None:
    server.execute(damage, database)
    around = ("SELECT 1", statement, "SELECT id FROM ai_conversations WHERE id = $1")
    with server.session(database) as session:
        for reading in (attempt(session, *around), attempt(session, *around, role=role)):
            assert failures(reading) == [("2", sqlstate)]
            assert reading.fault is None
        assert session.fetch(PREPARED) == [[]], "a pooler would hand it on"


@pytest.mark.parametrize(
    ("revoked", "statement", "message"),
    [
        ("SELECT ON ai_messages", "SELECT content FROM ai_messages", "permission denied for table ai_messages"),
        (
            "INSERT ON ai_messages",
            "INSERT INTO ai_messages (role) VALUES ($1)",
            "permission denied for table ai_messages",
        ),
        ("DELETE ON ai_messages", "DELETE FROM ai_messages WHERE id = $1", "permission denied for table ai_messages"),
        (
            "USAGE ON SCHEMA ai_guardrails",
            "SELECT name FROM ai_guardrails.policy_rules WHERE name = $1",
            "permission denied for schema ai_guardrails",
        ),
        (
            "EXECUTE ON FUNCTION own()",
            "SELECT own()",
            "permission denied for function own",
        ),
        (
            "USAGE ON SEQUENCE agent_event_logs_id_seq",
            "INSERT INTO agent_event_logs (source, event_type) VALUES ($1, $2)",
            "permission denied for sequence public.agent_event_logs_id_seq, which column id draws its default from",
        ),
    ],
)
def test_a_missing_privilege_fails_and_is_not_judged_without_a_role(
    server: Server, database: str, role: str, revoked: str, statement: str, message: str
) -> None:
    server.execute("CREATE FUNCTION own() RETURNS integer VOLATILE LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'", database)
    server.execute(f"REVOKE ALL ON FUNCTION own() FROM PUBLIC; GRANT EXECUTE ON FUNCTION own() TO {role}", database)
    with server.session(database) as session:
        assert attempt(session, statement, role=role) == ContractObservation(consumer="worker")
        server.execute(f"REVOKE {revoked} FROM {role}", database)
        reading = attempt(session, statement, "SELECT 1", role=role)
        assert [(each.statement, each.message, each.sqlstate) for each in reading.failures] == [("1", message, "42501")]
        assert attempt(session, statement) == ContractObservation(consumer="worker")
        assert session.fetch(PREPARED) == [[]]


@pytest.mark.every_version
@pytest.mark.parametrize(
    ("statement", "drawn_on"),
    [
        ("INSERT INTO numbered (note) VALUES ($1)", ["a"]),
        ("INSERT INTO numbered (a) VALUES ($1)", []),
        ("INSERT INTO numbered (a, note) VALUES (DEFAULT, $1)", ["a"]),
        ("INSERT INTO numbered DEFAULT VALUES", ["a"]),
        ("INSERT INTO numbered VALUES ($1)", ["a"]),
        ("INSERT INTO numbered VALUES ($1, $2)", []),
        ("INSERT INTO numbered VALUES ($1, DEFAULT)", ["a"]),
        ("WITH x AS (INSERT INTO public.numbered (note) VALUES ($1) RETURNING note) SELECT note FROM x", ["a"]),
        ("UPDATE numbered SET note = $1", []),
        ("INSERT INTO counted (note) VALUES ($1)", []),
    ],
)
def test_an_insert_needs_privileges_on_the_sequences_of_columns_it_omits(
    server: Server, database: str, role: str, statement: str, drawn_on: list[str]
) -> None:
    server.execute(
        f"""
        CREATE TABLE numbered (gone text, note text, a bigserial);
        ALTER TABLE numbered DROP gone;
        CREATE TABLE counted (a integer GENERATED BY DEFAULT AS IDENTITY, note text);
        GRANT SELECT, INSERT, UPDATE ON numbered, counted TO {role};
        """,
        database,
    )
    message = "permission denied for sequence public.numbered_a_seq, which column {} draws its default from"
    with server.session(database) as session:
        for others in ((), ("SELECT no_such_function()",)):  # in one round trip, and one by one
            found = [
                each.message
                for each in attempt(session, statement, *others, role=role).failures
                if each.statement == "1"
            ]
            assert found == [message.format(column) for column in drawn_on]
        server.execute(f"GRANT UPDATE ON SEQUENCE numbered_a_seq TO {role}", database)
        assert attempt(session, statement, role=role) == ContractObservation(consumer="worker"), (
            "nextval asks for either"
        )


@pytest.mark.every_version
def test_nothing_is_executed(server: Server, database: str, role: str) -> None:
    """No row comes or goes, and no sequence advances: not even where a function lies about what it does."""
    server.execute(
        """
        CREATE TABLE touched (a serial, note text);
        INSERT INTO touched (note) VALUES ('kept');
        CREATE FUNCTION liar() RETURNS bigint IMMUTABLE LANGUAGE sql AS $$ SELECT nextval('touched_a_seq') $$;
        """,
        database,
    )
    with server.session(database) as session:
        [before] = session.fetch(
            Query("SELECT t.note, s.last_value FROM touched AS t, touched_a_seq AS s", at_home=True)
        )
        reading = attempt(
            session,
            "INSERT INTO touched (note) VALUES ($1) RETURNING a",
            "DELETE FROM touched",
            "UPDATE touched SET a = nextval('touched_a_seq')",
            "SELECT nextval('touched_a_seq'), pg_sleep(3600)",
            "WITH gone AS (DELETE FROM touched RETURNING *) INSERT INTO touched SELECT * FROM gone",
        )
        assert reading == ContractObservation(consumer="worker")
        assert attempt(session, "SELECT liar()") == ContractObservation(
            consumer="worker",
            fault="'1': not run: it may call the function public.liar, which is not as in the manifest",
        )
        [after] = session.fetch(
            Query("SELECT t.note, s.last_value FROM touched AS t, touched_a_seq AS s", at_home=True)
        )
    assert after == before == [("kept", 1)]


@pytest.mark.every_version
def test_a_missing_role_fails_and_one_that_cannot_be_assumed_is_unknown(
    server: Server, database: str, role: str
) -> None:
    auditor = server.create_role()
    with server.session(database) as session:
        reading = attempt(session, "SELECT 1", "SELECT 2", role="nobody's")
        assert [(each.statement, each.message) for each in reading.failures] == [
            (None, 'role "nobody\'s" does not exist')
        ]
    with Session(server.dsn(database, auditor)) as session:
        reading = attempt(session, "SELECT 1", role=role)
        assert reading.failures == ()
        assert reading.fault == (
            f'permission denied to set role "{role}"; allow the auditing role to assume it: '
            f'GRANT "{role}" TO the auditing role'
        )
        options = "WITH INHERIT FALSE, SET TRUE" if server.major >= 16 else ""
        server.execute(f"GRANT {role} TO {auditor} {options}", database)
        if server.major >= 16:  # with INHERIT FALSE it may not read the table itself
            unseen = attempt(session, "SELECT content FROM ai_messages WHERE id = $1", role=role)
            assert unseen.fault == (
                "'1': permission denied for table ai_messages; "
                'grant the auditing role SELECT on "ai_messages" and USAGE on the schema'
            ), "it cannot lock it against changes"
        server.execute(f"GRANT SELECT ON ai_messages TO {auditor}", database)
        assert attempt(session, "SELECT content FROM ai_messages WHERE id = $1", role=role) == ContractObservation(
            consumer="worker"
        )


def test_a_read_only_auditor_can_judge_statements_on_tables_that_it_may_read(server: Server, database: str) -> None:
    auditor = server.create_role()
    server.execute(f"GRANT USAGE ON SCHEMA public TO {auditor}; GRANT SELECT ON ai_messages TO {auditor}", database)
    with Session(server.dsn(database, auditor)) as session:
        reading = attempt(
            session,
            "INSERT INTO ai_messages (role, content) VALUES ($1, $2)",
            "SELECT name FROM ai_guardrails.policy_rules",
            "SELECT sentiment FROM ai_messages",
        )
        assert session.fetch(PREPARED) == [[]]
    assert failures(reading) == [("3", "42703")]
    advice = 'grant the auditing role SELECT on "ai_guardrails"."policy_rules" and USAGE on the schema'
    assert reading.fault == f"'2': permission denied for schema ai_guardrails; {advice}"


def test_an_auditor_to_whom_policies_apply_needs_bypassrls(server: Server, database: str) -> None:
    auditor = server.create_role()
    server.execute(
        f"GRANT USAGE ON SCHEMA public TO {auditor}; GRANT SELECT ON ai_messages TO {auditor};"
        "ALTER TABLE ai_messages ENABLE ROW LEVEL SECURITY",
        database,
    )
    with Session(server.dsn(database, auditor)) as session:
        reading = attempt(session, "SELECT content FROM ai_messages")
    assert reading.fault is not None
    assert reading.fault.endswith('row-level security policy for table "ai_messages"; give the auditing role BYPASSRLS')


def test_a_held_lock_is_a_transient_error(server: Server, database: str) -> None:
    limits = Limits(lock_timeout_ms=100)
    with (
        psycopg.connect(server.cluster.dsn(database)) as other,
        Session(server.dsn(database), limits=limits) as session,
    ):
        other.execute("LOCK TABLE ai_messages")
        with pytest.raises(TryAgain):
            attempt(session, "SELECT 1", "SELECT content FROM ai_messages")
        other.rollback()
        assert attempt(session, "SELECT 1", "SELECT content FROM ai_messages") == ContractObservation(consumer="worker")


def test_a_statement_timeout_makes_the_contract_unknown(server: Server, database: str) -> None:
    server.execute(
        "CREATE FUNCTION slow() RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 1 FROM pg_sleep(60)'", database
    )
    with Session(server.dsn(database), limits=Limits(statement_timeout_ms=200)) as session:
        session.trust = Trust(functions={("public", "slow"): 1})
        reading = attempt(session, "SELECT slow()", "SELECT nothing")
    assert failures(reading) == [("2", "42703")]
    assert reading.fault == "'1': canceling statement due to statement timeout"


def test_trying_contracts_keeps_an_open_transaction(server: Server, database: str, role: str) -> None:
    with server.session(database) as session:
        with session.transaction():
            session.write(Query("CREATE TABLE fresh (id integer)", at_home=True))
            assert failures(attempt(session, "SELECT id FROM fresh", "SELECT nothing FROM fresh")) == [("2", "42703")]
            assert failures(attempt(session, "SELECT id FROM fresh", role=role)) == [("1", "42501")]
            session.write(Query("INSERT INTO fresh VALUES (1)", at_home=True))
        assert session.fetch(Query("SELECT id FROM fresh", at_home=True)) == [[(1,)]]


# Whole audits


def audited(server: Server, database: str, manifest: Manifest, expected: ExpectedCatalog, **roles: str) -> TenantEntry:
    policy = dataclasses.replace(POLICY, roles={LOGGER: roles["logger"]} if roles else {})
    tenant = server.tenant(database)
    return audit(tenant, server.context(manifest, expected, tenant, policy=policy))


def test_a_tenant_that_is_as_expected_inherits_the_results_without_roles(
    server: Server, database: str, role: str, shipped_manifest: Manifest, expected: ExpectedCatalog
) -> None:
    entry = audited(server, database, shipped_manifest, expected, logger=role)
    assert entry.verdict is Verdict.READY
    assert {each.consumer: (each.works, each.inherited, each.role) for each in entry.contracts} == {
        each.consumer: (True, each.consumer != LOGGER, role if each.consumer == LOGGER else None)
        for each in shipped_manifest.contracts
    }


def test_a_missing_privilege_degrades_a_tenant_in_which_every_migration_is_applied(
    server: Server, database: str, role: str, shipped_manifest: Manifest, expected: ExpectedCatalog
) -> None:
    server.execute(f"REVOKE USAGE ON SEQUENCE agent_event_logs_id_seq FROM {role}", database)
    entry = audited(server, database, shipped_manifest, expected, logger=role)
    assert (entry.verdict, entry.reason) == (Verdict.DEGRADED, None)
    [broken] = [each for each in entry.contracts if not each.works]
    assert (broken.consumer, broken.priority, broken.role) == (LOGGER, Priority.P1, role)
    assert [each.statement for each in broken.failures] == ["log event"]


def test_a_role_that_cannot_be_assumed_makes_the_tenant_unknown(
    server: Server, database: str, role: str, shipped_manifest: Manifest, expected: ExpectedCatalog
) -> None:
    auditor = server.create_role()
    server.execute(
        f"""
        GRANT USAGE ON SCHEMA public, ai_guardrails TO {auditor};
        GRANT SELECT ON ALL TABLES IN SCHEMA public, ai_guardrails TO {auditor};
        """,
        database,
    )
    tenant = server.tenant(database, role=auditor)
    policy = dataclasses.replace(POLICY, roles={LOGGER: role})
    entry = audit(tenant, server.context(shipped_manifest, expected, tenant, policy=policy))
    assert entry.verdict is Verdict.UNKNOWN
    assert (entry.reason or "").startswith(f"contract of {LOGGER} could not be checked: permission denied to set role")
    assert by_consumer(entry)[LOGGER].works is None
    assert by_consumer(entry)[POLICY_ENGINE].works is True


def test_with_migration_7_left_out_of_a_manifest_the_audit_names_policy_engine_and_the_column(
    server: Server, empty_database: str, shipped_manifest: Manifest
) -> None:
    """The fault of the migration audit's own table: it lacks two columns that the planner service selects."""
    manifest = dataclasses.replace(shipped_manifest, migrations=shipped_manifest.migrations[:-1])
    expected = server.expected(manifest)
    with server.session(empty_database) as session:
        apply_manifest(session, manifest)
    entry = audited(server, empty_database, manifest, expected)
    assert (entry.verdict, {each.status for each in entry.migrations}) == (Verdict.BLOCKED, {"applied"})
    [broken] = [each for each in entry.contracts if not each.works]
    assert (broken.consumer, broken.inherited) == (POLICY_ENGINE, True)
    [failure] = broken.failures
    assert (failure.statement, failure.message, failure.sqlstate) == (
        "select policy rules",
        'column "company_allow_list" does not exist',
        "42703",
    )


def test_contracts_of_a_schema_tenant_are_tried_in_its_schema(
    server: Server, empty_database: str, shipped_manifest: Manifest, expected: ExpectedCatalog
) -> None:
    server.execute("CREATE SCHEMA tenant_a; CREATE SCHEMA tenant_b", empty_database)
    for home in ("tenant_a", "tenant_b"):
        with server.session(empty_database, home) as session:
            apply_manifest(session, shipped_manifest)
    server.execute("ALTER TABLE tenant_b.agent_event_logs DROP COLUMN tool", empty_database)
    tenants = [server.tenant(empty_database, name=home, home=home) for home in ("tenant_a", "tenant_b")]
    context = server.context(shipped_manifest, expected, *tenants)
    broken = [[each.consumer for each in audit(tenant, context).contracts if not each.works] for tenant in tenants]
    assert broken == [[], [LOGGER]]


EVALUATED = {
    "a domain": ("DOMAIN {} AS text CHECK (constant())", "ALTER TABLE notes ALTER body TYPE {}"),
    "a domain of a column that no statement names": (
        "DOMAIN {} AS int CHECK (constant())",
        "ALTER TABLE notes ADD b {}",
    ),
    "a domain of a domain": (
        "DOMAIN base AS text CHECK ('' === ''); CREATE DOMAIN {} AS base",
        "ALTER TABLE notes ADD b {}",
    ),
    "a domain in an array": ("DOMAIN {} AS text CHECK (own(VALUE))", "ALTER TABLE notes ALTER tags TYPE {}[]"),
    "a cast on assignment": (
        """
        TYPE {} AS ENUM ('a');
        CREATE FUNCTION made(int) RETURNS {} LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN NULL; END';
        CREATE CAST (int AS {}) WITH FUNCTION made(int) AS ASSIGNMENT
        """,
        "ALTER TABLE notes ALTER n TYPE {} USING NULL",
    ),
}


def test_types_of_the_owners_are_not_evaluated_when_a_contract_is_planned(server: Server, empty_database: str) -> None:
    server.execute(
        """
        CREATE TABLE notes (id int, body text, tags text[], n int);
        CREATE FUNCTION constant() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN true; END';
        CREATE FUNCTION own(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN true; END';
        CREATE FUNCTION same(text, text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN true; END';
        CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = same);
        CREATE DOMAIN harmless AS text CHECK (own(VALUE));
        ALTER TABLE notes ADD extra harmless DEFAULT 'a'
        """,
        empty_database,
    )
    text = "INSERT INTO notes (id, body, n, tags) VALUES (1, 'a', 2, '{a}')"
    with server.session(empty_database) as session:
        assert attempt(session, text) == ContractObservation(consumer="worker")
        for name, (made, change) in EVALUATED.items():
            with session.dry_run():
                session.execute(f"SET LOCAL search_path TO public; CREATE {made}; {change}".replace("{}", "odd"))
                found = attempt(session, text)
            assert "which is not as in the manifest" in (found.fault or "") or "uses the function" in (
                found.fault or ""
            ), name
