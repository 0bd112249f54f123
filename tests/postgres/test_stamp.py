"""The stamps of a catalog change with everything that an inspection depends on, and not with maintenance."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtures.servers import Server, started
from fixtures.stamps import stamp_of

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.documents.audit import StampScope
from pgfleet.manifest.catalog_queries import COLUMNS
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.embedded.binaries import embedded_binaries
from pgfleet.postgres.session import Session
from pgfleet.run.shipped import statement

CHANGES = (
    "ALTER TABLE ai_messages ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE ai_messages FORCE ROW LEVEL SECURITY",
    "CREATE POLICY p ON ai_messages USING (true)",
    "ALTER TABLE ai_messages DISABLE TRIGGER ALL",
    "ALTER TABLE ai_conversations DISABLE TRIGGER ALL",
    "CREATE RULE r AS ON DELETE TO ai_messages DO NOTHING",
    "UPDATE pg_index SET indisvalid = false WHERE indrelid = 'ai_messages'::regclass",
    "ALTER INDEX idx_ai_messages_conversation SET (fillfactor = 50)",
    "GRANT SELECT ON ai_messages TO PUBLIC",
    "GRANT SELECT (role) ON ai_messages TO PUBLIC",
    "GRANT SELECT (ctid) ON ai_messages TO PUBLIC",
    "ALTER TABLE ai_messages OWNER TO pg_monitor",
    "ALTER TABLE ai_messages RENAME COLUMN role TO part",
    "ALTER TABLE ai_messages INHERIT parent",
    "ALTER TABLE ai_messages ALTER role SET DEFAULT 'x'",
    "ALTER TABLE ai_messages ALTER role TYPE varchar(77)",
    "ALTER TABLE ai_guardrails.policy_rules SET SCHEMA public",
    "ALTER SEQUENCE agent_event_logs_id_seq CYCLE",
    "ALTER SEQUENCE agent_event_logs_id_seq OWNED BY NONE",
    "CREATE TABLE ai_guardrails.extra ()",
    "CREATE TYPE ai_guardrails.extra AS ENUM ()",
    "CREATE FUNCTION ai_guardrails.extra() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION update_timestamp(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA pgfleet",
    "CREATE SCHEMA pgfleet CREATE TABLE ledger ()",
    "REVOKE USAGE ON SCHEMA public FROM PUBLIC",
    "ALTER DATABASE {database} SET role = 'pg_monitor'",
    "ALTER DATABASE {database} OWNER TO pg_monitor",
    "ALTER ROLE {role} IN DATABASE {database} SET work_mem = '1MB'",
    "GRANT pg_monitor TO {role}",
    "ALTER ROLE {role} NOSUPERUSER",
    # What is no part of the manifest, but is named in a definition.
    "ALTER TABLE outside RENAME TO elsewhere",
    "ALTER TABLE outside RENAME COLUMN id TO number",
    "ALTER TABLE outside ADD COLUMN another int",
    "ALTER TABLE outside DISABLE TRIGGER ALL",
    "ALTER TABLE outside SET SCHEMA away",
    "ALTER TYPE mood RENAME TO humor",
    "ALTER FUNCTION calm(mood) RENAME TO quiet",
    "ALTER DOMAIN short RENAME TO brief",
    "ALTER COLLATION plain RENAME TO simple",
)
OUTSIDE = """
CREATE SCHEMA away;
CREATE TABLE parent ();
CREATE TABLE outside (id int PRIMARY KEY, more text);
CREATE TYPE mood AS ENUM ('good');
CREATE DOMAIN short AS text;
CREATE COLLATION plain FROM "C";
CREATE FUNCTION calm(mood) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
ALTER TABLE ai_messages
    ADD COLUMN outside int REFERENCES outside, ADD COLUMN short short, ADD COLUMN plain text COLLATE plain,
    ADD COLUMN mood mood CHECK (calm(mood));
"""
BEYOND_OBJECTS = (
    "CREATE TABLE another (id serial PRIMARY KEY)",
    "CREATE FUNCTION away.another() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE OPERATOR away.### (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int)",
    "CREATE CAST (mood AS int) WITH INOUT",
    "CREATE DOMAIN away.another AS int",
    "CREATE STATISTICS another ON id, more FROM outside",
    "ALTER TABLE outside ALTER more SET DEFAULT 1",
    "GRANT SELECT ON outside TO PUBLIC",
    "ALTER TABLE outside ADD CHECK (id > 0)",
    "CREATE RULE r AS ON DELETE TO outside DO NOTHING",
)
"""Changes of other objects, which only the stamp of a database contains."""
MAINTENANCE = (
    "VACUUM FULL",
    "VACUUM FREEZE",
    "ANALYZE",
    "CLUSTER ai_messages USING ai_messages_pkey",
    "REINDEX TABLE ai_messages",
    "SELECT nextval('agent_event_logs_id_seq')",
    "TRUNCATE ai_messages",
    "CREATE TEMPORARY TABLE ai_messages ()",
    "COMMENT ON TABLE ai_messages IS 'x'",
)


FIXED = {"indnatts", "indnkeyatts", "indrelid"}
"""Columns of a row that never change, or not without others."""


@pytest.fixture
def role(server: Server) -> str:
    return server.create_role("SUPERUSER")


@pytest.fixture
def session(server: Server, database: str, role: str) -> Iterator[Session]:
    server.execute(OUTSIDE, database)
    with Session(server.dsn(database, role)) as session:
        yield session


@pytest.mark.every_version
@pytest.mark.parametrize("scope", StampScope)
def test_every_change_of_what_is_inspected_changes_the_stamp(
    session: Session, database: str, role: str, expected: ExpectedCatalog, scope: StampScope
) -> None:
    before, unchanged = stamp_of(session, expected, scope), []
    for change in (*CHANGES, *BEYOND_OBJECTS):
        with session.dry_run():
            session.execute(change.format(database=database, role=role))
            if stamp_of(session, expected, scope) == before:
                unchanged.append(change)
    assert unchanged == ([] if scope is StampScope.DATABASE else list(BEYOND_OBJECTS))
    assert stamp_of(session, expected, scope) == before


@pytest.mark.every_version
def test_maintenance_and_data_do_not_change_the_stamps(
    server: Server, session: Session, database: str, expected: ExpectedCatalog
) -> None:
    before = {scope: stamp_of(session, expected, scope) for scope in StampScope}
    changed = []
    for each in MAINTENANCE:
        server.execute(each, database)
        changed += [(scope, each) for scope in StampScope if stamp_of(session, expected, scope) != before[scope]]
    assert changed == []


@pytest.mark.every_version
def test_a_copy_has_another_stamp(server: Server, database: str, expected: ExpectedCatalog) -> None:
    with server.session(database) as session:
        before = stamp_of(session, expected)
    copy = server.create_database(database)
    with server.session(copy) as session:
        assert stamp_of(session, expected) != before
    server.drop_database(copy)


@pytest.mark.every_version
def test_a_role_without_rights_can_read_the_stamp(server: Server, database: str, expected: ExpectedCatalog) -> None:
    with Session(server.dsn(database, server.create_role())) as session:
        before = stamp_of(session, expected)
        server.execute("GRANT SELECT ON ai_messages TO PUBLIC", database)
        assert stamp_of(session, expected) != before


def test_a_restart_does_not_change_the_stamp(shipped_manifest: Manifest) -> None:
    with started(embedded_binaries()) as server:
        expected, database = server.expected(shipped_manifest), server.template("shipped", shipped_manifest)
        with server.session(database) as session:
            before = stamp_of(session, expected)
        server.kept.close_all()
        server.cluster.restart()
        with server.session(database) as session:
            assert stamp_of(session, expected) == before


@pytest.mark.every_version
def test_every_column_that_checks_may_read_is_covered(server: Server) -> None:
    rows = server.query(
        "SELECT attname::text FROM pg_attribute WHERE attrelid IN ('pg_class'::regclass, 'pg_attribute'::regclass, "
        "'pg_index'::regclass) AND attnum > 0"
    )
    covered = set(re.findall(r"\w+", statement("introspection/database_stamp")))
    assert {name for (name,) in rows} & COLUMNS - covered <= FIXED


CREATED_AGAIN = (
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT {}'",
    "CREATE TABLE t (a numeric(9, {}))",
    "CREATE TABLE t (a int CHECK (a > {}))",
    "CREATE VIEW v AS SELECT {} AS a",
    "CREATE TYPE e AS ENUM ('{}')",
    "CREATE INDEX i ON ai_messages (role) WHERE role = '{}'",
    "CREATE SEQUENCE s MAXVALUE 1{}",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql COST {} AS 'SELECT 1'",
    "CREATE POLICY p ON ai_messages USING (role = '{}')",
    "ALTER FUNCTION update_timestamp() SET work_mem = '{}MB'",
)
"""What transactions with the same IDs may leave on a server that is reset in between."""


def test_the_same_transaction_ids_after_a_reset_make_another_stamp(shipped_manifest: Manifest, tmp_path: Path) -> None:
    with started(embedded_binaries()) as server:
        expected = server.expected(shipped_manifest)
        databases = [server.create_database(server.template("shipped", shipped_manifest)) for _ in CREATED_AGAIN]
        server.kept.close_all()
        server.cluster.kill()
        data, copy = server.cluster.data_dir, tmp_path / "data"
        subprocess.run(["cp", "-a", data, copy], check=True)
        found: list[dict[str, tuple[str, int]]] = []
        for value in (1, 2):
            server.cluster.restart()
            states = {}
            for text, database in zip(CREATED_AGAIN, databases, strict=True):
                server.execute(text.format(value), database)
                [(xid,)] = server.query("SELECT max(xmin::text::bigint) FROM pg_depend", database)
                with server.session(database) as session:
                    states[text] = (stamp_of(session, expected), xid)
            found.append(states)
            server.kept.close_all()
            server.cluster.kill()
            shutil.rmtree(data)
            subprocess.run(["cp", "-a", copy, data], check=True)
        server.cluster.restart()
    first, second = found
    assert {each: xid for each, (_, xid) in first.items()} == {each: xid for each, (_, xid) in second.items()}
    assert [each for each in CREATED_AGAIN if first[each][0] == second[each][0]] == []
