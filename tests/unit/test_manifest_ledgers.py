"""What the rows of each tool's ledger mean, and the rows that pgfleet writes to it."""

import hashlib
from collections.abc import Sequence
from typing import Any

import pytest

from pgfleet.manifest.model import Migration, Priority, Script, Tool
from pgfleet.manifest.source.flyway import checksum
from pgfleet.manifest.source.ledger import Recorded, TableName, table_name
from pgfleet.manifest.source.tools import LEDGERS

TABLE = TableName(schema="public", name="ledger")
ROW = Sequence[Any]


def a_migration(key: str, path: str, text: str = "SELECT 1;\n", *, repeatable: bool = False) -> Migration:
    return Migration(
        version=f"v{key}",
        key=key,
        script=Script(path=path, sql=text, checksum="", text=text),
        priority=Priority.P0,
        provides="",
        impacts=(),
        requires=(),
        transactional=True,
        checks=(),
        repeatable=repeatable,
    )


MIGRATIONS = [a_migration(str(n), f"m/{n}_m.sql") for n in (1, 2, 3)]
NAMED = [a_migration(name, f"m/{name}") for name in ("a", "b", "c")]
CHANGES = [a_migration(f"p:{name}", f"deploy/{name}.sql") for name in ("a", "b")]
VIEW = a_migration("all views", "m/R__all_views.sql", "CREATE VIEW v AS SELECT 1;\r\n", repeatable=True)
FLYWAY = [a_migration(version, f"m/V{version}__m.sql") for version in ("1", "1.9", "1.10", "2")]


def versions(*keys: str) -> Recorded:
    return Recorded(versions=frozenset(f"v{key}" for key in keys))


def flyway_row(version: str | None, *, description: str = "m", kind: str = "SQL", crc: int | None = 1) -> ROW:
    """A row without its rank, which is its place in the list."""
    return (version, description, kind, crc, True)


@pytest.mark.parametrize("tool", [each for each in Tool if each is not Tool.PLAIN])
def test_every_tool_has_a_ledger_and_an_empty_one_records_nothing(tool: Tool) -> None:
    assert LEDGERS[tool].applied([], MIGRATIONS) == Recorded()
    assert '"public"."ledger"' in LEDGERS[tool].read(TABLE)
    assert '"public"."ledger"' in LEDGERS[tool].definition(TABLE)


def test_plain_files_have_no_ledger() -> None:
    assert Tool.PLAIN not in LEDGERS


@pytest.mark.parametrize(
    ("tool", "table"),
    [
        (Tool.FLYWAY, "flyway_schema_history"),
        (Tool.GOOSE, "goose_db_version"),
        (Tool.DBMATE, "schema_migrations"),
        (Tool.GOLANG_MIGRATE, "schema_migrations"),
        (Tool.SQL_MIGRATE, "gorp_migrations"),
        (Tool.DIESEL, "__diesel_schema_migrations"),
        (Tool.SQLX, "_sqlx_migrations"),
        (Tool.PRISMA, "_prisma_migrations"),
        (Tool.DRIZZLE, "drizzle.__drizzle_migrations"),
        (Tool.NODE_PG_MIGRATE, "pgmigrations"),
        (Tool.POSTGRES_MIGRATIONS, "migrations"),
        (Tool.GRAPHILE_MIGRATE, "graphile_migrate.migrations"),
        (Tool.SQITCH, "sqitch.changes"),
        (Tool.SUPABASE, "supabase_migrations.schema_migrations"),
    ],
)
def test_the_default_table_is_the_tools(tool: Tool, table: str) -> None:
    assert LEDGERS[tool].default_table == table


def test_an_unqualified_table_is_in_the_home_schema() -> None:
    assert table_name("goose_db_version", home='a"b').sql == '"a""b"."goose_db_version"'
    assert table_name("sqitch.changes", home="acme").sql == '"sqitch"."changes"'


@pytest.mark.parametrize(
    ("tool", "rows", "recorded"),
    [
        pytest.param(Tool.GOOSE, [(1, 0, True), (2, 1, True), (3, 2, True)], versions("1", "2"), id="goose"),
        pytest.param(Tool.GOOSE, [(4, 2, False), (2, 1, True), (3, 2, True)], versions("1"), id="goose, rolled back"),
        pytest.param(Tool.DBMATE, [("1",), ("3",), ("9",)], versions("1", "3"), id="dbmate"),
        pytest.param(Tool.GOLANG_MIGRATE, [(2, False)], versions("1", "2"), id="golang-migrate: all up to the current"),
        pytest.param(
            Tool.GOLANG_MIGRATE,
            [(2, True)],
            Recorded(fault="migration 2 failed (dirty); repair it, then run migrate force 2"),
            id="golang-migrate, dirty",
        ),
        pytest.param(Tool.DIESEL, [("1",), ("2",)], versions("1", "2"), id="diesel"),
        pytest.param(Tool.SQLX, [(1, True), (2, True)], versions("1", "2"), id="sqlx"),
        pytest.param(
            Tool.SQLX,
            [(1, True), (2, False)],
            Recorded(fault="migration 2 failed (success is false); repair it, and correct the row"),
            id="sqlx, a failed one",
        ),
        pytest.param(Tool.POSTGRES_MIGRATIONS, [(0,), (1,)], versions("1"), id="postgres-migrations"),
        pytest.param(Tool.DRIZZLE, [(1,), (None,)], versions("1"), id="drizzle"),
        pytest.param(Tool.SUPABASE, [("1",)], versions("1"), id="supabase"),
    ],
)
def test_the_rows_say_which_numbers_are_applied(tool: Tool, rows: list[ROW], recorded: Recorded) -> None:
    assert LEDGERS[tool].applied(rows, MIGRATIONS) == recorded


@pytest.mark.parametrize(
    ("tool", "rows", "recorded"),
    [
        pytest.param(Tool.SQL_MIGRATE, [("a",), ("z",)], versions("a"), id="sql-migrate"),
        pytest.param(Tool.NODE_PG_MIGRATE, [("a",), ("b",)], versions("a", "b"), id="node-pg-migrate"),
        pytest.param(Tool.GRAPHILE_MIGRATE, [("a",)], versions("a"), id="graphile-migrate"),
        pytest.param(Tool.PRISMA, [("a", True, False), ("b", True, True)], versions("a"), id="prisma"),
        pytest.param(
            Tool.PRISMA, [("a", False, True), ("a", True, False)], versions("a"), id="prisma, at the second attempt"
        ),
        pytest.param(
            Tool.PRISMA,
            [("a", True, False), ("b", False, False)],
            Recorded(fault="migration b failed; settle it with prisma migrate resolve"),
            id="prisma, a failed one",
        ),
    ],
)
def test_the_rows_say_which_names_are_applied(tool: Tool, rows: list[ROW], recorded: Recorded) -> None:
    assert LEDGERS[tool].applied(rows, NAMED) == recorded


def test_sqitchs_rows_of_other_projects_do_not_count() -> None:
    rows = [("p", "a"), ("other", "b")]
    assert LEDGERS[Tool.SQITCH].applied(rows, CHANGES) == versions("p:a")


def test_sqitch_deploys_a_reworked_change_as_often_as_it_is_planned() -> None:
    first = a_migration("p:touch", "deploy/touch@v1.sql")
    second = Migration(**{name: getattr(first, name) for name in Migration.__slots__} | {"version": "reworked"})
    recorded = [LEDGERS[Tool.SQITCH].applied([("p", "touch")] * n, [first, second]).versions for n in range(3)]
    assert recorded == [set(), {"vp:touch"}, {"vp:touch", "reworked"}]


@pytest.mark.parametrize(
    ("rows", "recorded"),
    [
        pytest.param([flyway_row("1"), flyway_row("1.10")], versions("1", "1.10"), id="versions"),
        pytest.param([flyway_row("01"), flyway_row("2.0")], versions("1", "2"), id="versions are compared as numbers"),
        pytest.param(
            [flyway_row("1.9", kind="BASELINE", crc=None), flyway_row("2")],
            versions("1", "1.9", "2"),
            id="a baseline stands for all before it",
        ),
        pytest.param(
            [
                flyway_row(None, kind="SCHEMA", crc=None),
                flyway_row("1"),
                flyway_row("2"),
                flyway_row("2", kind="UNDO_SQL"),
            ],
            versions("1"),
            id="an undone one",
        ),
        pytest.param([flyway_row("1"), flyway_row("1", kind="DELETE")], versions(), id="a deleted one"),
        pytest.param(
            [flyway_row(None, description="all views", crc=checksum(VIEW.script.text))],
            versions("all views"),
            id="a repeatable one",
        ),
        pytest.param(
            [
                flyway_row(None, description="all views", crc=checksum(VIEW.script.text)),
                flyway_row(None, description="all views"),
            ],
            versions(),
            id="a repeatable one that has changed since",
        ),
        pytest.param(
            [("1", "m", "SQL", 1, True), ("1.9", "m", "SQL", 1, False)],
            Recorded(fault="migration 1.9 failed; repair it, then run flyway repair"),
            id="a failed one",
        ),
    ],
)
def test_flyways_rows_say_what_is_applied(rows: list[ROW], recorded: Recorded) -> None:
    ranked = [(rank, *row) for rank, row in enumerate(rows)]
    assert LEDGERS[Tool.FLYWAY].applied(ranked[::-1], [*FLYWAY, VIEW]) == recorded


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", 0), ("123456789", -873187034), ("12345\r\n6789\n", -873187034), ("\ufeff1234\r56789", -873187034)],
)
def test_flyways_checksum_is_the_crc_32_of_the_lines(text: str, expected: int) -> None:
    assert checksum(text) == expected  # 0xCBF43926 is the check value of CRC-32 for 123456789


@pytest.mark.parametrize(
    ("tool", "migration", "inserted"),
    [
        pytest.param(Tool.GOOSE, MIGRATIONS[0], [{"version_id": 1}], id="goose"),
        pytest.param(Tool.DBMATE, MIGRATIONS[0], [{"version": "1"}], id="dbmate"),
        pytest.param(Tool.GOLANG_MIGRATE, MIGRATIONS[1], [{}, {"version": 2}], id="golang-migrate"),
        pytest.param(Tool.SQL_MIGRATE, a_migration("1-m.sql", "m/1-m.sql"), [{"id": "1-m.sql"}], id="sql-migrate"),
        pytest.param(
            Tool.DIESEL, a_migration("20240101", "m/2024-01-01_m/up.sql"), [{"version": "20240101"}], id="diesel"
        ),
        pytest.param(
            Tool.SQLX,
            a_migration("1", "m/1_some_users.up.sql"),
            [{"version": 1, "description": "some users", "checksum": hashlib.sha384(b"SELECT 1;\n").digest()}],
            id="sqlx",
        ),
        pytest.param(
            Tool.PRISMA,
            a_migration("1_m", "m/1_m/migration.sql"),
            [{"checksum": hashlib.sha256(b"SELECT 1;\n").hexdigest(), "migration_name": "1_m"}],
            id="prisma",
        ),
        pytest.param(Tool.NODE_PG_MIGRATE, a_migration("1_m", "m/1_m.sql"), [{"name": "1_m"}], id="node-pg-migrate"),
        pytest.param(
            Tool.DRIZZLE,
            a_migration("1704067200000", "m/0000_a.sql", "SELECT 1;\r\n"),
            [{"created_at": 1704067200000, "hash": hashlib.sha256(b"SELECT 1;\n").hexdigest()}],
            id="drizzle",
        ),
        pytest.param(
            Tool.POSTGRES_MIGRATIONS,
            a_migration("1", "m/1_some-users.sql"),
            [{"id": 1, "name": "some-users", "hash": hashlib.sha1(b"1_some-users.sqlSELECT 1;\n").hexdigest()}],
            id="postgres-migrations",
        ),
        pytest.param(
            Tool.POSTGRES_MIGRATIONS,
            a_migration("1", "m/1.sql"),
            [{"id": 1, "name": "1.sql", "hash": hashlib.sha1(b"1.sqlSELECT 1;\n").hexdigest()}],
            id="postgres-migrations without a name",
        ),
        pytest.param(
            Tool.GRAPHILE_MIGRATE,
            a_migration(
                "000002.sql", "m/committed/000002-b.sql", "--! Previous: sha1:a\n--! Hash: sha1:b\n\nSELECT 1;\n"
            ),
            [{"hash": "sha1:b", "previous": "sha1:a", "filename": "000002.sql"}],
            id="graphile-migrate",
        ),
        pytest.param(
            Tool.SUPABASE,
            a_migration("1", "m/1_some_users.sql", "\ufeff-- a\r\nSELECT 1;\r\n\r\nSELECT ';'; -- b\r\n"),
            [{"version": "1", "name": "some_users", "statements": ["-- a\r\nSELECT 1", "SELECT ';'", "-- b"]}],
            id="supabase",
        ),
        pytest.param(
            Tool.FLYWAY,
            a_migration("1.10", "m/later/V1.10__some_users.sql", "123456789\n"),
            [
                {
                    "version": "1.10",
                    "description": "some users",
                    "script": "V1.10__some_users.sql",
                    "checksum": -873187034,
                }
            ],
            id="Flyway",
        ),
        pytest.param(
            Tool.FLYWAY,
            VIEW,
            [
                {
                    "version": None,
                    "description": "all views",
                    "script": "R__all_views.sql",
                    "checksum": checksum("CREATE VIEW v AS SELECT 1;"),
                }
            ],
            id="Flyway, repeatable",
        ),
    ],
)
def test_the_row_of_a_migration_is_the_tools(
    tool: Tool, migration: Migration, inserted: list[dict[str, object]]
) -> None:
    insert = LEDGERS[tool].insert
    assert insert is not None
    assert [values for _, values in insert(migration, TABLE)] == inserted


def test_only_sqitchs_ledger_cannot_be_written() -> None:
    assert [tool for tool, ledger in LEDGERS.items() if ledger.insert is None] == [Tool.SQITCH]
    assert [tool for tool, ledger in LEDGERS.items() if ledger.read_only_because] == [Tool.SQITCH]


@pytest.mark.parametrize("tool", [tool for tool, ledger in LEDGERS.items() if ledger.insert])
def test_a_ledger_that_can_be_written_can_say_that_a_migration_was_reverted(tool: Tool) -> None:
    assert LEDGERS[tool].remove is not None


def test_golang_migrate_goes_back_to_the_number_before() -> None:
    remove = LEDGERS[Tool.GOLANG_MIGRATE].remove
    assert remove is not None
    [(text, values)] = remove(MIGRATIONS[2], MIGRATIONS[1], TABLE)
    assert (text.split(" WHERE")[0], values) == (
        'UPDATE "public"."ledger" SET version = %(previous)s',
        {"version": 3, "previous": 2},
    )
    [(text, _)] = remove(MIGRATIONS[0], None, TABLE)
    assert text.startswith('DELETE FROM "public"."ledger"')
