"""A second run of the shipped migrations changes nothing, and no run loses a row."""

import psycopg
import pytest
from fixtures.servers import Server, apply_manifest

from pgfleet.manifest.model import Manifest

pytestmark = pytest.mark.every_version


def query(server: Server, text: str, database: str) -> list[tuple]:
    with psycopg.connect(server.cluster.dsn(database)) as connection:
        return connection.execute(text).fetchall()


ROWS = {
    "20250315": """
        INSERT INTO ai_conversations (id, user_id, metadata)
        VALUES ('00000000-0000-0000-0000-000000000001', 1, '{"a": 1}'), (gen_random_uuid(), NULL, '{}');
        INSERT INTO ai_messages (conversation_id, role, content)
        SELECT '00000000-0000-0000-0000-000000000001', 'user', 'message ' || n FROM generate_series(1, 20) AS n;
        INSERT INTO ai_task_queue (task_type, conversation_id)
        VALUES ('summarise', '00000000-0000-0000-0000-000000000001'), ('tidy', NULL);
    """,
    "20250328": "UPDATE ai_conversations SET summary = 'short', summary_updated_at = now() WHERE user_id = 1",
    "20250330": """
        INSERT INTO ai_conversation_reflections (conversation_id, trigger, summary)
        VALUES ('00000000-0000-0000-0000-000000000001', 'risk', 'none')
    """,
    "20250321": """
        INSERT INTO skill_workflows (id, name, entrypoint, parameters)
        VALUES ('00000000-0000-0000-0000-000000000002', 'invoice', 'start', '{}');
        INSERT INTO skill_run_reflections (skill_workflow_id, run_id, outcome, success)
        VALUES ('00000000-0000-0000-0000-000000000002', gen_random_uuid(), 'done', true);
    """,
    "20250330000000": "INSERT INTO agent_event_logs (source, event_type, tool) VALUES ('worker', 'start', 'search')",
    "20250331": """
        INSERT INTO ai_guardrails.policy_rules (name, severity, message)
        VALUES ('finance_wire_warn', 'block', 'The tenant''s own words'), ('own', 'warn', 'The tenant''s own rule')
    """,
    "20250401": "UPDATE ai_guardrails.policy_rules SET company_deny_list = ARRAY[7] WHERE name = 'own'",
}
OBJECTS = "SELECT oid, relname, relfilenode FROM pg_class WHERE oid >= 16384 ORDER BY oid"
TABLES = {
    "ai_conversations": "id",
    "ai_messages": "id",
    "ai_task_queue": "id",
    "ai_conversation_reflections": "id",
    "skill_workflows": "id",
    "skill_run_reflections": "id",
    "agent_event_logs": "id",
    "ai_guardrails.policy_rules": "name",
}


def all_rows(server: Server, database: str) -> dict[tuple[str, str], dict[str, object]]:
    """Every row of the manifest's tables that exist, by table and key."""
    names = ", ".join(f"('{table}')" for table in TABLES)
    there = query(
        server, f"SELECT name FROM (VALUES {names}) AS t (name) WHERE to_regclass(name) IS NOT NULL", database
    )
    reads = [f"SELECT '{table}', {TABLES[table]}::text, to_jsonb(t) FROM {table} AS t" for (table,) in there]
    rows = query(server, " UNION ALL ".join(reads), database) if reads else []
    return {(table, key): row for table, key, row in rows}


def test_no_migration_loses_or_alters_a_row(server: Server, empty_database: str, shipped_manifest: Manifest) -> None:
    """Each is run on the rows that the earlier ones' tables hold by then."""
    with server.session(empty_database) as session:
        for migration in shipped_manifest.migrations:
            before = all_rows(server, empty_database)
            session.run_script(migration.script.sql)
            after = all_rows(server, empty_database)
            assert before.keys() == after.keys(), migration.file
            assert all(before[key].items() <= after[key].items() for key in before), migration.file
            session.run_script(ROWS[migration.version])
    assert {table for table, _ in all_rows(server, empty_database)} == set(TABLES)


def test_a_second_run_changes_nothing(server: Server, empty_database: str, shipped_manifest: Manifest) -> None:
    """No object and no row, of seeds neither."""
    with server.session(empty_database) as session:
        for migration in shipped_manifest.migrations:
            session.run_script(migration.script.sql)
            session.run_script(ROWS[migration.version])
        apply_manifest(session, shipped_manifest)
        before = all_rows(server, empty_database)
        objects = query(server, OBJECTS, empty_database)
        apply_manifest(session, shipped_manifest)
    assert all_rows(server, empty_database) == before
    assert query(server, OBJECTS, empty_database) == objects
    assert before["ai_guardrails.policy_rules", "finance_wire_warn"]["message"] == "The tenant's own words"
