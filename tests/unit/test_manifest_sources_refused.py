"""The files of a migration tool that pgfleet refuses or ignores."""

import pytest

from pgfleet.manifest.model import Tool
from pgfleet.manifest.source.model import Directory
from pgfleet.manifest.source.read import ignored_files, read_source
from pgfleet.manifest.text import Unusable

USERS = "CREATE TABLE users ();\n"
IGNORED_NAME = "has a name that Flyway ignores; name it like V1__users.sql, U1__users.sql, or R__users.sql"
TWO_UPS = "contains '{}' more than once, at line {}; keep one Up section, before the Down section"


def problems(tool: Tool, directory: Directory) -> dict[str, str]:
    _, refused = read_source(directory, tool)
    return {each.path: each.problem for each in refused}


@pytest.mark.parametrize("tool", [Tool.SUPABASE, Tool.NODE_PG_MIGRATE, Tool.SQLX])
def test_a_tool_that_always_uses_a_transaction_cannot_create_an_index_concurrently(tool: Tool) -> None:
    assert problems(tool, {"1_a.sql": "SELECT 1;\nCREATE INDEX CONCURRENTLY i ON users (id);"}) == {
        "1_a.sql": "cannot run in a transaction, at line 2; set transactional = false for it"
    }


REFUSED: list[tuple[Tool, Directory, dict[str, str]]] = [
    (
        Tool.GOOSE,
        {
            "users.sql": USERS,
            "0_zero.sql": USERS,
            "2_go.go": None,
            "3_sql.sql": USERS,
            "4_before.sql": f"\n{USERS}-- +goose Up\n",
            "5_env.sql": "-- +goose Up\n-- +goose ENVSUB ON\nSELECT 1;",
            "6_typo.sql": "-- +goose Up\n-- +goose Upp\nSELECT 1;",
            "06_again.sql": "-- +goose Up\nSELECT 1;",
            "7_up.sql": f"-- +goose Up\n{USERS}-- +goose Down\nDROP TABLE users;\n-- +goose Up\n{USERS}",
            "8_down.sql": f"-- +goose Down\nDROP TABLE users;\n-- +goose Up\n{USERS}",
            "9_downs.sql": f"-- +goose Up\n{USERS}-- +goose Down\nDROP TABLE users;\n-- +goose Down\nSELECT 1;",
        },
        {
            "0_zero.sql": "the name must start with a positive number and an underscore, such as 00001_",
            "2_go.go": "is a Go migration; pgfleet runs only SQL",
            "3_sql.sql": "contains no line '-- +goose Up', so none of it would run; add it before the first statement",
            "4_before.sql": "contains SQL before '-- +goose Up', at line 2; move it into that section",
            "5_env.sql": "substitutes environment variables (ENVSUB ON), at line 2; pgfleet does not",
            "6_typo.sql": "contains an annotation that goose does not know, at line 2",
            "7_up.sql": TWO_UPS.format("-- +goose Up", 5),
            "8_down.sql": "contains a Down section before '-- +goose Up', at line 1; move it to the end of the file",
            "9_downs.sql": "contains two Down sections, the second at line 5; make them one",
            "users.sql": "the name must start with a positive number and an underscore, such as 00001_",
        },
    ),
    (
        Tool.FLYWAY,
        {
            "V1__a.sql": "SELECT '${name}';",
            "V1.0__b.sql": USERS,
            "V2__c.java": None,
            "R__d.java": None,
            "B3__e.sql": USERS,
            "afterMigrate__f.sql": USERS,
            "V4__g.sql": USERS,
            "V4__g.sql.conf": "shouldExecute=${x}",
            "V5__h.sql": USERS,
            "V5__h.sql.conf": "encoding=ISO-8859-1",
            "V6_i.sql": USERS,
            "v7__j.sql": USERS,
            "V 8__k.sql": USERS,
            "U7__j.sql": USERS,
            "users.sql": USERS,
        },
        {
            "B3__e.sql": "is a baseline migration, which replaces the others in new databases; pgfleet runs the others",
            "R__d.java": "is not SQL but code; pgfleet runs only SQL",
            "V1__a.sql": "contains the placeholder ${name}, at line 1, for which pgfleet has no value",
            "V2__c.java": "is not SQL but code; pgfleet runs only SQL",
            "V4__g.sql": "runs only under a condition (shouldExecute in its .conf file); pgfleet cannot evaluate it",
            "V5__h.sql": "has the encoding ISO-8859-1 in its .conf file; save it as UTF-8",
            "afterMigrate__f.sql": "is a callback, which Flyway runs around migrations and pgfleet does not",
            "V6_i.sql": IGNORED_NAME,
            "v7__j.sql": IGNORED_NAME,
            "V 8__k.sql": IGNORED_NAME,
        },
    ),
    (
        Tool.PLAIN,
        {"1_a.sql": f"-- atlas:checkpoint\n\n{USERS}", "2_b.sql": f"{USERS}-- atlas:txtar\n"},
        {
            "1_a.sql": "contains atlas:checkpoint, at line 1, which only Atlas follows; skip the file",
            "2_b.sql": "contains atlas:txtar, at line 2, which only Atlas follows; write the statements without it",
        },
    ),
    (Tool.DRIZZLE, {"0000_a.sql": USERS}, {"meta/_journal.json": "does not exist"}),
    (
        Tool.DRIZZLE,
        {"meta/_journal.json": '{"entries": [{"tag": "0000_a"}]}'},
        {"meta/_journal.json": "is not a journal of Drizzle: it needs entries, each with tag and when"},
    ),
    (
        Tool.DRIZZLE,
        {"meta/_journal.json": '{"entries": [{"tag": "0000_a", "when": 1}, {"tag": "0000_a", "when": 2}]}'},
        {"meta/_journal.json": "contains 0000_a twice; delete one of the entries"},
    ),
    (
        Tool.DRIZZLE,
        {"meta/_journal.json": '{"entries": [{"tag": "0000_a", "when": 1}]}', "0001_b.sql": USERS},
        {"0000_a.sql": "does not exist"},
    ),
    (
        Tool.DBMATE,
        {
            "1_a.sql": USERS,
            "2_b.sql": "-- migrate:up\nSELECT 1;",
            "2_c.sql": "-- migrate:up\nSELECT 1;",
            "3_up.sql": f"-- migrate:up\n{USERS}-- migrate:up transaction:false\nSELECT 1;",
        },
        {
            "3_up.sql": TWO_UPS.format("-- migrate:up", 3),
            "1_a.sql": "contains no line '-- migrate:up', so none of it would run; add it before the first statement",
            "2_c.sql": "has the same version as '2_b.sql', which dbmate does not allow",
        },
    ),
    (
        Tool.GOLANG_MIGRATE,
        {"1_a.up.sql": USERS, "01_b.up.sql": USERS, "2_c.up.json": None},
        {
            "1_a.up.sql": "has the same version as '01_b.up.sql', which golang-migrate does not allow",
            "2_c.up.json": "is not SQL",
        },
    ),
    (
        Tool.SQLX,
        {"a_b.sql": USERS},
        {"a_b.sql": "the name must start with a number and an underscore, such as 00001_"},
    ),
    (
        Tool.DIESEL,
        {"1_a/down.sql": USERS, "2_b/up.sql": USERS},
        {"1_a": "contains no up.sql, which Diesel requires"},
    ),
    (
        Tool.PRISMA,
        {"1_a/other.sql": USERS, "2_b/migration.sql": USERS},
        {"1_a": "contains no migration.sql, which Prisma requires"},
    ),
    (
        Tool.NODE_PG_MIGRATE,
        {
            "1_a.ts": None,
            "b.sql": USERS,
            "20249999000000000_c.sql": USERS,
            "2_d.sql": "SELECT 1;\n-- Down Migration\nSELECT 2;",
            "3_e.down.sql": USERS,
        },
        {
            "1_a.ts": "is not SQL but code; pgfleet runs only SQL",
            "20249999000000000_c.sql": "starts with 17 digits that are not a UTC timestamp",
            "2_d.sql": "contains a Down section but no '-- Up Migration', so node-pg-migrate would run all of it",
            "3_e.down.sql": "has no counterpart 3_e.up.sql",
            "b.sql": "the name must start with a number, such as 1704067200000_",
        },
    ),
    (
        Tool.POSTGRES_MIGRATIONS,
        {"1_a.sql": USERS, "3_b.sql": USERS},
        {"3_b.sql": "comes after a gap: postgres-migrations requires 2 first"},
    ),
    (
        Tool.POSTGRES_MIGRATIONS,
        {"1_a.js": None, "b.sql": USERS},
        {
            "1_a.js": "is JavaScript; pgfleet runs only SQL",
            "b.sql": "the name must start with a number, such as 1_",
        },
    ),
    (
        Tool.GRAPHILE_MIGRATE,
        {
            "000001.sql": USERS,
            "000002.sql": f"--! Previous: -\n--! Hash: sha1:0\n\n{USERS}",
            "000003.sql": "--! Previous: -\n--! Hash: sha1:0\n--! AllowInvalidHash\n\nSELECT ':DATABASE_OWNER';\n",
        },
        {
            "000001.sql": "contains no header '--! Previous', so it is not a committed migration",
            "000002.sql": "does not match its header '--! Hash'; restore the file, or add '--! AllowInvalidHash'",
            "000003.sql": "contains the placeholder :DATABASE_OWNER, at line 5",
        },
    ),
    (
        Tool.GRAPHILE_MIGRATE,
        {
            "000001.sql": f"--! Previous: -\n--! Hash: sha1:1\n--! AllowInvalidHash\n\n{USERS}",
            "000002.sql": f"--! Previous: sha1:2\n--! Hash: sha1:2\n--! AllowInvalidHash\n\n{USERS}",
        },
        {"000002.sql": "names another hash as '--! Previous' than the file before it has"},
    ),
    (Tool.SQITCH, {"deploy/a.sql": USERS}, {"sqitch.plan": "does not exist"}),
    (Tool.SQITCH, {"sqitch.plan": "a 2024"}, {"sqitch.plan": "contains no %project line"}),
    (
        Tool.SQITCH,
        {"sqitch.plan": "%project=p\n\na 2024-01-01T00:00:00Z A <a@b.c>\n-b 2024-01-01T00:00:00Z A <a@b.c>\n"},
        {
            "deploy/a.sql": "does not exist",
            "deploy/b.sql": "is reverted by sqitch.plan, at line 4; pgfleet only deploys",
        },
    ),
    (
        Tool.PLAIN,
        {
            "1_a.sql": USERS,
            "1_a.down.sql": USERS,
            "1.b.rollback.sql": USERS,
            "2_b.SQL": USERS,
            "3_c.sql": Unusable("is a symbolic link to a file that does not exist"),
            "schema.sql": USERS,
        },
        {
            "1_a.down.sql": (
                ".down.sql files are not migrations; pass --tool golang-migrate or --tool sqlx, or "
                "name it as the revert of one, or skip it"
            ),
            "1.b.rollback.sql": ".rollback.sql files are not migrations; name it as the revert of one, or skip it",
            "2_b.SQL": "the name must end in .sql in lowercase; rename it",
            "3_c.sql": "is a symbolic link to a file that does not exist",
            "schema.sql": "the name must start with a version, such as 0001_",
        },
    ),
    (
        Tool.PLAIN,
        {"1_a.sql": "SELECT 1;\nSELEC 2;", "2_b.sql": "SELECT 1;\n-- migrate:down\nSELECT 2;"},
        {
            "1_a.sql": 'does not parse, at line 2 column 1: syntax error at or near "SELEC"',
            "2_b.sql": (
                "contains a Down section of dbmate, at line 2, which must not run; "
                "name the tool in [source] (format = 2), or delete the section"
            ),
        },
    ),
]


@pytest.mark.parametrize(("tool", "directory", "expected"), REFUSED)
def test_every_file_that_cannot_be_used_is_listed(tool: Tool, directory: Directory, expected: dict[str, str]) -> None:
    assert problems(tool, directory) == expected


def test_a_skipped_file_is_left_out() -> None:
    directory = {"1_a.sql": f"-- +goose Up\n{USERS}", "2_b.go": None}
    [found], refused = read_source(directory, Tool.GOOSE, skip=["2_b.go"])
    assert (found.path, refused) == ("1_a.sql", ())


def test_what_the_manifest_says_about_the_transaction_has_precedence() -> None:
    directory = {"1_a.sql": f"-- +goose Up\n{USERS}"}
    [found], _ = read_source(directory, Tool.GOOSE, transactional={"1_a.sql": False})
    assert not found.script.transactional


@pytest.mark.parametrize(
    ("tool", "directory", "expected"),
    [
        (
            Tool.FLYWAY,
            ("V1__a.sql", "users.sql", "sub/views.sql", "U1__a.sql", "sub/U1.1__b.sql"),
            ("sub/views.sql", "users.sql"),
        ),
        (Tool.GOOSE, ("1_a.sql", "sub/2_b.sql", "3_c.SQL", "notes.md"), ("3_c.SQL", "sub/2_b.sql")),
        (Tool.GOLANG_MIGRATE, ("1_a.up.sql", "1_a.down.sql", "002_b.sql"), ("002_b.sql",)),
        (Tool.DIESEL, ("1_a/up.sql", "1_a/down.sql", "b.sql", "c/d.sql"), ("b.sql",)),
        (Tool.SQITCH, ("deploy/a.sql", "revert/a.sql", "verify/a.sql", "b.sql"), ("b.sql", "deploy/a.sql")),
        (Tool.PLAIN, ("1_a.sql", "sub/2_b.sql"), ("sub/2_b.sql",)),
    ],
)
def test_the_sql_files_that_a_tool_ignores_are_known(
    tool: Tool, directory: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    files = dict.fromkeys(directory, USERS)
    found, refused = read_source(files, tool)
    known = [*(each.path for each in found), *(each.path for each in refused)]
    assert ignored_files(files, tool, known) == expected


def test_the_second_file_of_a_version_is_refused_and_not_a_migration() -> None:
    found, refused = read_source({"V1__a.sql": USERS, "V1.0__b.sql": USERS, "V2__c.sql": USERS}, Tool.FLYWAY)
    assert [each.path for each in found] == ["V1.0__b.sql", "V2__c.sql"]
    assert [each.path for each in refused] == ["V1__a.sql"]
