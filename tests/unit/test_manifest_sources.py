"""The migrations that each tool's layout finds, in its order, and the files that it ignores or that cannot be used."""

from pathlib import Path

import pytest

from pgfleet.manifest.model import Tool
from pgfleet.manifest.source.model import Directory
from pgfleet.manifest.source.read import Found, read_source
from pgfleet.run.files import read_directory

USERS = "CREATE TABLE users ();\n"

SOURCES = Path(__file__).parents[1] / "sources"


def source(tool: Tool) -> Path:
    """The folder with small files in the tool's layout."""
    return SOURCES / tool / "migrations" if tool is Tool.SUPABASE else SOURCES / tool


def taken(tool: Tool) -> tuple[Found, ...]:
    found, refused = read_source(read_directory(source(tool)), tool)
    assert refused == ()
    return found


def sql_of(tool: Tool, text: str, path: str = "1_a.sql") -> Found:
    [found], refused = read_source({path: text}, tool)
    assert refused == ()
    return found


MIGRATIONS = {
    Tool.PLAIN: [
        ("1_users.sql", "1", "1", True),
        ("2_posts.sql", "2", "2", True),
        ("9-nothing.sql", "9", "9", True),
        ("10-index.sql", "10", "10", False),
    ],
    Tool.FLYWAY: [
        ("V1__users.sql", "1", "1", True),
        ("V1.9__posts.sql", "1.9", "1.9", True),
        ("V1.10__index.sql", "1.10", "1.10", False),
        ("later/V2_0__two_indexes.sql", "2.0", "2.0", False),
        ("V3__settings.sql", "3", "3", False),
        ("R__authors.sql", "R__authors", "authors", True),
        ("R__user_names.sql", "R__user_names", "user names", True),
    ],
    Tool.GOOSE: [
        ("00001_users.sql", "00001", "1", True),
        ("00002_touch.sql", "00002", "2", True),
        ("00010_posts.sql", "00010", "10", True),
        ("20240101000000_index.sql", "20240101000000", "20240101000000", False),
    ],
    Tool.DBMATE: [
        ("20240101000000_users.sql", "20240101000000", "20240101000000", True),
        ("20240201000000_posts.sql", "20240201000000", "20240201000000", True),
        ("20240301000000_index.sql", "20240301000000", "20240301000000", False),
    ],
    Tool.GOLANG_MIGRATE: [
        ("000001_users.up.sql", "000001", "1", True),
        ("000002_posts.up.sql", "000002", "2", True),
        ("000010_index.up.sql", "000010", "10", False),
    ],
    Tool.SQL_MIGRATE: [
        ("1-users.sql", "1", "1-users.sql", True),
        ("2-touch.sql", "2", "2-touch.sql", True),
        ("10-posts.sql", "10", "10-posts.sql", True),
        ("11-index.sql", "11", "11-index.sql", False),
        ("final.sql", "final", "final.sql", True),
    ],
    Tool.DIESEL: [
        ("00000000000000_diesel_initial_setup/up.sql", "00000000000000", "00000000000000", True),
        ("2024-01-01-000000_users/up.sql", "2024-01-01-000000", "20240101000000", True),
        ("2024-02-01-000000_posts/up.sql", "2024-02-01-000000", "20240201000000", True),
        ("2024-03-01-000000_index/up.sql", "2024-03-01-000000", "20240301000000", False),
    ],
    Tool.SQLX: [
        ("20240101000000_users.sql", "20240101000000", "20240101000000", True),
        ("20240201000000_posts.up.sql", "20240201000000", "20240201000000", True),
        ("20240301000000_index.sql", "20240301000000", "20240301000000", False),
    ],
    Tool.PRISMA: [
        ("20240101000000_users/migration.sql", "20240101000000", "20240101000000_users", True),
        ("20240201000000_posts/migration.sql", "20240201000000", "20240201000000_posts", True),
        ("20240301000000_index/migration.sql", "20240301000000", "20240301000000_index", False),
    ],
    Tool.NODE_PG_MIGRATE: [
        ("1704067200000_users.sql", "1704067200000", "1704067200000_users", True),
        ("20240201000000000_posts.sql", "20240201000000000", "20240201000000000_posts", True),
        ("1709251200000_index.up.sql", "1709251200000", "1709251200000_index", True),
    ],
    Tool.POSTGRES_MIGRATIONS: [
        ("1_users.sql", "1", "1", True),
        ("2-posts.sql", "2", "2", True),
        ("3.sql", "3", "3", False),
    ],
    Tool.GRAPHILE_MIGRATE: [
        ("committed/000001.sql", "000001", "000001.sql", True),
        ("committed/000002-posts.sql", "000002", "000002.sql", True),
        ("committed/000003-index.sql", "000003", "000003.sql", False),
    ],
    Tool.SQITCH: [
        ("deploy/users.sql", "users", "blog:users", True),
        ("deploy/posts.sql", "posts", "blog:posts", True),
        ("deploy/touch@v1.1.sql", "touch@v1.1", "blog:touch", True),
        ("deploy/touch.sql", "touch", "blog:touch", True),
        ("deploy/index.sql", "index", "blog:index", False),
    ],
    Tool.DRIZZLE: [
        ("0000_users.sql", "0000", "1704067200000", True),
        ("0002_posts.sql", "0002", "1706745600000", True),
        ("0001_index.sql", "0001", "1709251200000", True),
    ],
    Tool.SUPABASE: [
        ("20240101000000_users.sql", "20240101000000", "20240101000000", True),
        ("20240201000000_posts.sql", "20240201000000", "20240201000000", True),
    ],
}
"""Path, version, key, and whether in a transaction, in the order of application."""


DOWNS = {
    Tool.FLYWAY: {"V1__users.sql": ("U1__users.sql", "DROP TABLE users;")},
    Tool.GOOSE: {
        "00001_users.sql": ("00001_users.sql", "DROP TABLE users;"),
        "00002_touch.sql": (
            "00002_touch.sql",
            "-- +goose StatementBegin\nDROP FUNCTION touch();\n-- +goose StatementEnd",
        ),
        "20240101000000_index.sql": ("20240101000000_index.sql", "DROP INDEX posts_author;"),
    },
    Tool.DBMATE: {
        "20240101000000_users.sql": ("20240101000000_users.sql", "DROP TABLE users;"),
        "20240201000000_posts.sql": ("20240201000000_posts.sql", "DROP TABLE posts;"),
        "20240301000000_index.sql": ("20240301000000_index.sql", "DROP INDEX CONCURRENTLY posts_author;"),
    },
    Tool.GOLANG_MIGRATE: {
        "000001_users.up.sql": ("000001_users.down.sql", "DROP TABLE users;"),
        "000002_posts.up.sql": ("000002_posts.down.sql", "DROP TABLE posts;"),
        "000010_index.up.sql": ("000010_index.down.sql", "DROP INDEX posts_author;"),
    },
    Tool.SQL_MIGRATE: {
        "1-users.sql": ("1-users.sql", "DROP TABLE users;"),
        "2-touch.sql": ("2-touch.sql", "DROP FUNCTION touch();"),
        "10-posts.sql": ("10-posts.sql", "DROP TABLE posts;"),
        "11-index.sql": ("11-index.sql", "DROP INDEX posts_author;"),
        "final.sql": ("final.sql", "-- nothing"),
    },
    Tool.DIESEL: {
        "00000000000000_diesel_initial_setup/up.sql": (
            "00000000000000_diesel_initial_setup/down.sql",
            "DROP FUNCTION touch();",
        ),
        "2024-01-01-000000_users/up.sql": ("2024-01-01-000000_users/down.sql", "DROP TABLE users;"),
        "2024-02-01-000000_posts/up.sql": ("2024-02-01-000000_posts/down.sql", "DROP TABLE posts;"),
        "2024-03-01-000000_index/up.sql": ("2024-03-01-000000_index/down.sql", "DROP INDEX posts_author;"),
    },
    Tool.SQLX: {"20240201000000_posts.up.sql": ("20240201000000_posts.down.sql", "DROP TABLE posts;")},
    Tool.NODE_PG_MIGRATE: {
        "1704067200000_users.sql": ("1704067200000_users.sql", "DROP TABLE users;"),
        "20240201000000000_posts.sql": ("20240201000000000_posts.sql", "DROP TABLE posts;"),
        "1709251200000_index.up.sql": ("1709251200000_index.down.sql", "DROP INDEX posts_author;"),
    },
    Tool.SQITCH: {
        f"deploy/{name}.sql": (f"revert/{name}.sql", "-- Revert\nSELECT 1;")
        for name in ("users", "posts", "touch@v1.1", "touch", "index")
    },
}
"""By migration: the path of its down script, and the text of it."""


@pytest.mark.parametrize("tool", Tool)
def test_down_scripts_are_found_where_the_tool_keeps_them(tool: Tool) -> None:
    found = {each.path: (each.down.path, str(each.down.sql).strip()) for each in taken(tool) if each.down}
    assert {path: down for path, down in found.items() if down[1]} == DOWNS.get(tool, {})


def test_a_down_script_that_no_file_name_fits_is_not_used() -> None:
    files: Directory = {
        "1_a.up.sql": USERS,
        "2_a.down.sql": "DROP TABLE users;\n",
        "later/1_a.down.sql": "DROP TABLE users;\n",
    }
    for tool in (Tool.GOLANG_MIGRATE, Tool.SQLX):
        [found], _ = read_source(files, tool)
        assert found.down is None


def test_prismas_down_script_is_in_the_migrations_folder() -> None:
    [found], _ = read_source({"1_a/migration.sql": USERS, "1_a/down.sql": "DROP TABLE users;\n"}, Tool.PRISMA)
    assert found.down is not None
    assert (found.down.path, found.down.sql) == ("1_a/down.sql", "DROP TABLE users;\n")


def test_every_tool_has_a_folder() -> None:
    assert set(MIGRATIONS) == set(Tool) == {Tool(folder.name) for folder in SOURCES.iterdir()}


@pytest.mark.parametrize("tool", Tool)
def test_a_tools_files_are_listed_in_its_order(tool: Tool) -> None:
    found = [(each.path, each.label.version, each.label.key, each.script.transactional) for each in taken(tool)]
    assert found == MIGRATIONS[tool]


@pytest.mark.parametrize("tool", Tool)
def test_what_runs_has_no_down_section_and_keeps_its_lines(tool: Tool) -> None:
    directory = read_directory(source(tool))
    for each in taken(tool):
        text = directory[each.path]
        assert isinstance(text, str)
        assert "DROP" not in each.script.sql
        lines = zip(text.split("\n"), each.script.sql.split("\n"), strict=True)
        assert all(ran in (line, " " * len(line)) for line, ran in lines)


def test_only_flyways_repeatable_scripts_are_repeatable() -> None:
    assert [each.label.title for each in taken(Tool.FLYWAY) if each.label.repeatable] == ["authors", "user names"]


@pytest.mark.parametrize(
    ("tool", "text", "ran"),
    [
        pytest.param(
            Tool.GOOSE,
            "-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;",
            "-- +goose Up\nSELECT 1;\n              \n         ",
            id="goose",
        ),
        pytest.param(
            Tool.SQL_MIGRATE,
            "-- +migrate Up\nSELECT 1;\n-- +migrate Down\nSELECT 2;\n-- +migrate Up\nSELECT 3;",
            "-- +migrate Up\nSELECT 1;\n                \n         \n-- +migrate Up\nSELECT 3;",
            id="sql-migrate, twice",
        ),
        pytest.param(
            Tool.SQL_MIGRATE,
            "SELECT 0;\n-- +migrate Up\nSELECT 1;\n-- +migrate Down\nSELECT 2;",
            "         \n-- +migrate Up\nSELECT 1;\n                \n         ",
            id="sql-migrate ignores what comes before",
        ),
        pytest.param(
            Tool.NODE_PG_MIGRATE,
            "SELECT 0;\n-- Up Migration\nSELECT 1;\n-- Down Migration\nSELECT 2;",
            "         \n-- Up Migration\nSELECT 1;\n                 \n         ",
            id="node-pg-migrate",
        ),
        pytest.param(Tool.NODE_PG_MIGRATE, "SELECT 1;", "SELECT 1;", id="node-pg-migrate without markers"),
        pytest.param(Tool.SQLX, "\ufeff-- a\r\nSELECT 1;\r\n", "-- a\nSELECT 1;\n", id="Windows"),
    ],
)
def test_the_up_section_runs(tool: Tool, text: str, ran: str) -> None:
    assert sql_of(tool, text).script.sql == ran


@pytest.mark.parametrize(
    ("tool", "text", "transactional"),
    [
        (Tool.GOOSE, "-- +goose Up\n-- +goose no transaction\nSELECT 1;", False),
        (Tool.DBMATE, "-- migrate:up transaction:true\nSELECT 1;\n-- migrate:down transaction:false", True),
        (Tool.SQL_MIGRATE, "-- +migrate Up\nSELECT 1;\n-- +migrate Down notransaction\n", True),
        (Tool.SQLX, "SELECT 1;\n-- no-transaction", True),
        (Tool.POSTGRES_MIGRATIONS, "SELECT 1; -- postgres-migrations disable-transaction", False),
        (Tool.SUPABASE, "SELECT 1;", True),
        (Tool.PLAIN, "SELECT 1; VACUUM;", False),
        (Tool.SQLX, "-- no-transaction\nBEGIN;\nSELECT 1;\nCOMMIT;", True),
    ],
)
def test_a_marker_decides_about_the_transaction(tool: Tool, text: str, *, transactional: bool) -> None:
    assert sql_of(tool, text).script.transactional is transactional


@pytest.mark.parametrize(
    ("metadata", "transactional"),
    [("run_in_transaction = true", True), ("", False), ("run_in_transaction = false", False), ("not toml", True)],
)
def test_diesels_metadata_decides_about_the_transaction(metadata: str, *, transactional: bool) -> None:
    [found], _ = read_source({"1_a/up.sql": USERS, "1_a/metadata.toml": metadata}, Tool.DIESEL)
    assert found.script.transactional is transactional
