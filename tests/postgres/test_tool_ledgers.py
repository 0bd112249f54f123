"""The ledgers of migration tools in tenants: as evidence, and kept in step by rollouts."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fixtures.rollout import Subject
from fixtures.servers import Server

from pgfleet.documents.audit import Verdict
from pgfleet.documents.findings import Evidence
from pgfleet.documents.plan import Action
from pgfleet.documents.rollout import Result
from pgfleet.manifest.model import DownScript, Manifest, Script, Tool
from pgfleet.manifest.source.ledger import Recorded, table_name
from pgfleet.manifest.source.tools import LEDGERS
from pgfleet.postgres.apply.tool_ledger import exists_query, read_tool_ledger
from pgfleet.postgres.query import Query
from pgfleet.postgres.read import whole_table
from pgfleet.run.files import load_manifest

SOURCES = Path(__file__).parents[1] / "sources"
FOLDERS = {Tool.SUPABASE: SOURCES / Tool.SUPABASE / "migrations"}
WRITABLE = [tool for tool, ledger in LEDGERS.items() if ledger.insert]
GOOSE = {
    "1_users.sql": "-- +goose Up\nCREATE TABLE users (id int PRIMARY KEY);\n-- +goose Down\nDROP TABLE users;\n",
    "2_admin.sql": "-- +goose Up\nINSERT INTO users VALUES (1);\n",
    "3_posts.sql": "-- +goose Up\nCREATE TABLE posts (id int PRIMARY KEY);\n",
}

REVERTIBLE = {
    name: f"-- +goose Up\nCREATE TABLE {table} ();\n-- +goose Down\nDROP TABLE {table};\n"
    for name, table in (("1_users.sql", "users"), ("2_posts.sql", "posts"))
}
UNDO_INDEX = "DROP INDEX posts_author;"
UNDO = {
    Tool.FLYWAY: "DELETE FROM users WHERE id = 1;",
    Tool.GOOSE: "DROP INDEX posts_author, users_name;",
    Tool.SQL_MIGRATE: "SELECT 1;",
    Tool.SUPABASE: "DROP TABLE posts;",
}
"""Down scripts of last migrations whose files have none that is complete."""

Reader = Callable[..., Manifest]


@pytest.fixture
def manifest_of(tmp_path: Path) -> Reader:
    """Reads a manifest whose source is a folder, or files that are written to one."""

    def read(tool: Tool, files: Path | dict[str, str], *, write: bool) -> Manifest:
        folder = files if isinstance(files, Path) else tmp_path / "migrations"
        for name, text in {} if isinstance(files, Path) else files.items():
            folder.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        lines = [
            'format = 2\nhistory = "linear"\n[source]',
            f'directory = "{os.path.relpath(folder, tmp_path)}"\ntool = "{tool}"',
            f'[ledger]\ntable = "{LEDGERS[tool].default_table}"\nwrite = {str(write).lower()}',
        ]
        (tmp_path / "manifest.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return load_manifest(tmp_path / "manifest.toml")

    return read


def a_tenant(server: Server, database: str, manifest: Manifest) -> Subject:
    return Subject(server=server, database=database, manifest=manifest, expected=server.expected(manifest))


def recorded(tenant: Subject) -> Recorded | None:
    """What the tool's ledger records."""
    ledger = tenant.manifest.ledger
    assert ledger is not None
    with tenant.server.session(tenant.database) as session:
        [found] = session.fetch(exists_query(ledger, "public"))
        return read_tool_ledger(session, tenant.manifest, found)


def create_ledger(tenant: Subject, *versions: str) -> None:
    """Creates the tool's ledger as the tool does, with these versions."""
    assert tenant.manifest.ledger is not None
    layout = LEDGERS[tenant.manifest.ledger.tool]
    table = table_name(tenant.manifest.ledger.table, home="public")
    assert layout.insert is not None
    with tenant.server.session(tenant.database) as session:
        session.write(Query(layout.definition(table)))
        for version in versions:
            migration = next(each for each in tenant.manifest.migrations if each.version == version)
            session.write(*(Query(*each) for each in layout.insert(migration, table)))


def statuses(tenant: Subject) -> str:
    return "".join(each.status[0] for each in tenant.audit().migrations)


@pytest.mark.parametrize("tool", WRITABLE)
def test_a_rollout_keeps_the_tools_ledger_in_step(
    tool: Tool, manifest_of: Reader, server: Server, empty_database: str
) -> None:
    tenant = a_tenant(server, empty_database, manifest_of(tool, FOLDERS.get(tool, SOURCES / tool), write=True))
    versions = frozenset(each.version for each in tenant.manifest.migrations)
    assert tenant.roll_out().result is Result.DONE
    assert recorded(tenant) == Recorded(versions=versions)
    assert tenant.roll_out().result is Result.UNCHANGED

    tenant.execute("DROP SCHEMA pgfleet CASCADE")
    audit = tenant.audit()
    assert audit.verdict is Verdict.READY, audit.reason
    assert {each.evidence for each in audit.migrations} == {Evidence.TOOL}
    assert {each.in_tool_ledger for each in audit.migrations} == {True}


@pytest.mark.parametrize("tool", WRITABLE)
def test_a_revert_keeps_the_tools_ledger_in_step(
    tool: Tool, manifest_of: Reader, server: Server, empty_database: str
) -> None:
    """With a down script of the test's own for the last migration, where the tool has none."""
    manifest = manifest_of(tool, FOLDERS.get(tool, SOURCES / tool), write=True)
    versioned = [each for each in manifest.migrations if not each.repeatable]
    last = versioned[-1]
    sql = UNDO.get(tool, None if last.down else UNDO_INDEX)
    down = DownScript(script=Script(path="undo.sql", sql=sql, checksum="undo")) if sql else last.down
    manifest = replace(
        manifest, migrations=tuple(replace(each, down=down) if each is last else each for each in manifest.migrations)
    )
    tenant = a_tenant(server, empty_database, manifest)
    assert tenant.roll_out().result is Result.DONE
    result = tenant.roll_out(revert_to=versioned[-2].version)
    assert (result.result, [each.error for each in result.migrations]) == (Result.DONE, [None])
    versions = frozenset(each.version for each in manifest.migrations) - {last.version}
    assert recorded(tenant) == Recorded(versions=versions)
    assert tenant.ledger().keys() == versions
    assert tenant.roll_out().result is Result.DONE
    assert recorded(tenant) == Recorded(versions=versions | {last.version})


def test_a_ledger_that_is_not_written_prevents_a_revert(
    manifest_of: Reader, server: Server, empty_database: str
) -> None:
    tenant = a_tenant(server, empty_database, manifest_of(Tool.GOOSE, REVERTIBLE, write=False))
    assert tenant.roll_out().result is Result.DONE
    create_ledger(tenant, "1", "2")
    plan = tenant.plan(revert_to="1")
    assert [(each.version, each.action) for each in plan.migrations] == [("2", Action.REFUSE)]
    assert plan.migrations[0].reason == (
        "the ledger of goose, which pgfleet does not write, would still record it; "
        "revert it with goose, or set write = true"
    )
    assert tenant.roll_out(plan).result is Result.FAILED
    assert statuses(tenant) == "aa"


def test_a_ledger_that_is_further_than_the_manifest_prevents_a_revert(
    manifest_of: Reader, server: Server, empty_database: str
) -> None:
    files = {"1_a.up.sql": "CREATE TABLE a ();", "1_a.down.sql": "DROP TABLE a;"}
    tenant = a_tenant(server, empty_database, manifest_of(Tool.GOLANG_MIGRATE, files, write=True))
    assert tenant.roll_out().result is Result.DONE
    tenant.execute("UPDATE schema_migrations SET version = 2")
    [step] = tenant.roll_out(revert_to="none").migrations
    assert step.error is not None
    assert step.error.message == (
        "schema_migrations records later migrations than 1_a.up.sql; revert those with golang-migrate"
    )
    assert tenant.query("SELECT to_regclass('a') IS NOT NULL, version FROM schema_migrations") == [(True, 2)]


def test_the_tools_ledger_decides_what_the_catalog_cannot(
    manifest_of: Reader, server: Server, empty_database: str
) -> None:
    tenant = a_tenant(server, empty_database, manifest_of(Tool.GOOSE, GOOSE, write=False))
    tenant.execute(tenant.manifest.migrations[0].script.sql)
    assert statuses(tenant) == "aup"
    create_ledger(tenant, "1")
    assert statuses(tenant) == "app"
    tenant.execute("INSERT INTO goose_db_version (version_id, is_applied) VALUES (2, true)")
    assert statuses(tenant) == "aap"
    tenant.execute("INSERT INTO goose_db_version (version_id, is_applied) VALUES (2, false)")
    assert statuses(tenant) == "app"


def test_without_write_the_tools_ledger_stays_as_it_is(
    manifest_of: Reader, server: Server, empty_database: str
) -> None:
    tenant = a_tenant(server, empty_database, manifest_of(Tool.GOOSE, GOOSE, write=False))
    create_ledger(tenant)
    assert tenant.roll_out().result is Result.DONE
    assert recorded(tenant) == Recorded()
    assert statuses(tenant) == "aaa"


def test_a_rollout_adds_what_only_our_ledger_records(manifest_of: Reader, server: Server, empty_database: str) -> None:
    tenant = a_tenant(server, empty_database, manifest_of(Tool.GOOSE, GOOSE, write=False))
    assert tenant.roll_out().result is Result.DONE
    ledger = tenant.ledger()
    tenant.manifest = manifest_of(Tool.GOOSE, GOOSE, write=True)
    assert {each.action for each in tenant.plan().migrations} == {Action.ADOPT}
    assert tenant.roll_out().result is Result.DONE
    assert recorded(tenant) == Recorded(versions=frozenset("123"))
    assert tenant.ledger() == ledger
    assert tenant.roll_out().result is Result.UNCHANGED


def test_an_adoption_is_recorded_in_both_ledgers(manifest_of: Reader, server: Server, empty_database: str) -> None:
    tenant = a_tenant(server, empty_database, manifest_of(Tool.GOOSE, GOOSE, write=True))
    tenant.execute(tenant.manifest.migrations[0].script.sql)
    assert tenant.roll_out(adopt_through="2").result is Result.DONE
    assert recorded(tenant) == Recorded(versions=frozenset("12"))
    assert statuses(tenant) == "aap"


def test_the_home_schema_may_have_any_name(manifest_of: Reader, server: Server, empty_database: str) -> None:
    tenant = replace(
        a_tenant(server, empty_database, manifest_of(Tool.GOOSE, GOOSE, write=True)), home='Odd "name" %s', plans=[]
    )
    quoted = '"Odd ""name"" %s"'
    server.execute(f"CREATE SCHEMA {quoted}", empty_database)
    assert tenant.roll_out().result is Result.DONE
    rows = tenant.query(f"SELECT version_id FROM {quoted}.goose_db_version ORDER BY 1")
    assert rows == [(0,), (1,), (2,), (3,)]


def test_a_failed_migration_leaves_the_tools_ledger_unchanged(
    manifest_of: Reader, server: Server, empty_database: str
) -> None:
    tenant = a_tenant(server, empty_database, manifest_of(Tool.GOOSE, GOOSE, write=True))
    tenant.execute("CREATE TYPE posts AS (a int)")  # the third migration needs the name
    assert tenant.roll_out().result is Result.FAILED
    assert recorded(tenant) == Recorded(versions=frozenset("12"))


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("CREATE TABLE schema_migrations AS SELECT 1 AS version, true AS dirty", "migration 1 failed (dirty)"),
        ("CREATE VIEW schema_migrations AS SELECT 1 AS version, false AS dirty", "schema_migrations is not a table"),
        ("CREATE TABLE schema_migrations (a int)", 'column "version" does not exist'),
        (
            "CREATE TABLE schema_migrations AS SELECT 'x' AS version, false AS dirty",
            "contains a row that golang-migrate",
        ),
    ],
    ids=["a failed migration", "a view", "another table", "a foreign row"],
)
def test_a_ledger_that_cannot_be_relied_on_makes_the_tenant_unknown(
    manifest_of: Reader, server: Server, empty_database: str, sql: str, reason: str
) -> None:
    manifest = manifest_of(Tool.GOLANG_MIGRATE, SOURCES / Tool.GOLANG_MIGRATE, write=False)
    tenant = a_tenant(server, empty_database, manifest)
    tenant.execute(sql)
    audit = tenant.audit()
    assert audit.verdict is Verdict.UNKNOWN
    assert reason in (audit.reason or "")


def test_a_repeatable_migration_runs_again_when_its_text_changes(
    manifest_of: Reader, server: Server, empty_database: str
) -> None:
    files = {
        "V1__a.sql": "CREATE TABLE a (id int PRIMARY KEY);",
        "R__view.sql": "CREATE OR REPLACE VIEW v AS SELECT id FROM a;",
    }
    tenant = a_tenant(server, empty_database, manifest_of(Tool.FLYWAY, files, write=True))
    assert tenant.roll_out().result is Result.DONE
    assert statuses(tenant) == "aa"

    files["R__view.sql"] = "CREATE OR REPLACE VIEW v AS SELECT id, 1 AS one FROM a;"
    tenant.manifest = manifest_of(Tool.FLYWAY, files, write=True)
    tenant.expected = server.expected(tenant.manifest)
    assert statuses(tenant) == "ap"
    assert tenant.audit().unexpected == ()
    assert {each.version: each.action for each in tenant.plan().migrations} == {
        "1": Action.SKIP,
        "R__view": Action.APPLY,
    }
    assert tenant.roll_out().result is Result.DONE
    assert tenant.query("SELECT version, description, success FROM flyway_schema_history ORDER BY installed_rank") == [
        ("1", "a", True),
        (None, "view", True),
        (None, "view", True),
    ]
    assert tenant.roll_out().result is Result.UNCHANGED

    files["V2__b.sql"] = "ALTER TABLE a ADD COLUMN b int;"
    tenant.manifest = manifest_of(Tool.FLYWAY, files, write=True)
    tenant.expected = server.expected(tenant.manifest)
    assert statuses(tenant) == "apa"
    assert tenant.roll_out().result is Result.DONE
    assert statuses(tenant) == "aaa"
    without_ledgers = replace(tenant, plans=[])
    without_ledgers.execute("DROP SCHEMA pgfleet CASCADE; DROP TABLE flyway_schema_history")
    assert statuses(without_ledgers) == "aaa"


def test_sqitchs_rows_of_its_project_are_read(manifest_of: Reader, server: Server, empty_database: str) -> None:
    tenant = a_tenant(server, empty_database, manifest_of(Tool.SQITCH, SOURCES / Tool.SQITCH, write=False))
    table = table_name(LEDGERS[Tool.SQITCH].default_table, home="public")
    tenant.execute(LEDGERS[Tool.SQITCH].definition(table))
    tenant.execute(
        """
        INSERT INTO sqitch.projects (project, creator_name, creator_email)
        VALUES ('blog', 'a', 'a@example.com'), ('shop', 'a', 'a@example.com');
        INSERT INTO sqitch.changes
          (change_id, change, project, committer_name, committer_email, planned_at, planner_name, planner_email)
        SELECT n, change, project, 'a', 'a@example.com', now(), 'a', 'a@example.com'
        FROM (VALUES ('1', 'users', 'blog'), ('2', 'posts', 'shop'), ('3', 'touch', 'blog'))
          AS c (n, change, project);
        """
    )
    assert recorded(tenant) == Recorded(versions=frozenset({"users", "touch@v1.1"}))


def test_a_ledger_that_is_too_large_or_cannot_be_compared_is_not_read(
    monkeypatch: pytest.MonkeyPatch, manifest_of: Reader, server: Server, empty_database: str
) -> None:
    tenant = a_tenant(server, empty_database, manifest_of(Tool.GOOSE, GOOSE, write=False))
    tenant.execute("CREATE TABLE goose_db_version (id numeric, version_id text, is_applied bool)")
    assert recorded(tenant) == Recorded()
    monkeypatch.setattr(whole_table, "MOST_ROWS", 10)
    for query, fault in {
        "SELECT n, '1', true FROM pg_catalog.generate_series(1, 11) AS n": "has more than 10 rows",
        "VALUES (1, pg_catalog.repeat('x', 17000000), true)": "has more than 16 MiB of text",
        "VALUES ('NaN', '1', true), (2, '2', true)": "contains a row that goose does not write",
    }.items():
        tenant.execute(f"TRUNCATE goose_db_version; INSERT INTO goose_db_version {query}")
        assert fault in (((found := recorded(tenant)) and found.fault) or "")
    assert tenant.audit().verdict is Verdict.UNKNOWN
