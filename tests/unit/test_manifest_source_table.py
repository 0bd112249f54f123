"""A manifest with `format = 2`: a linear history, a source, and its tool's ledger."""

from collections.abc import Mapping

import pytest

from pgfleet.errors import ManifestError
from pgfleet.manifest.model import Manifest, Priority, Tool, ToolLedger
from pgfleet.manifest.order import order_of
from pgfleet.manifest.parse import build_manifest, parse_document
from pgfleet.manifest.source.model import Content
from pgfleet.manifest.text import Unusable

SOURCE = """\
format = 2

[source]
directory = "m"
tool = "goose"
"""
USERS = "-- +goose Up\nCREATE TABLE users ();\n-- +goose Down\nDROP TABLE users;\n"
POSTS = "-- +goose Up\nCREATE TABLE posts ();\n"
FILES: Mapping[str, Content] = {"m/1_users.sql": USERS, "m/2_posts.sql": POSTS, "m/notes.md": None}


def read(text: str, files: Mapping[str, Content] = FILES) -> Manifest:
    return build_manifest(parse_document(text, file="manifest.toml"), files, file="manifest.toml")


def faults(text: str, files: Mapping[str, Content] = FILES) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        read(text, files)
    return [line.removeprefix("manifest.toml: ") for line in str(caught.value).splitlines()]


def test_the_source_lists_the_migrations() -> None:
    manifest = read(SOURCE)
    assert [
        (each.version, each.key, each.file, each.provides, each.priority, each.requires) for each in manifest.migrations
    ] == [
        ("1", "1", "1_users.sql", "users", Priority.P0, ()),
        ("2", "2", "2_posts.sql", "posts", Priority.P0, ("1",)),
    ]
    script = manifest.migrations[0].script
    assert script.text == USERS
    assert script.sql == "-- +goose Up\nCREATE TABLE users ();\n              \n                 \n"
    assert (manifest.is_linear, manifest.ledger) == (True, None)


def test_entries_beside_the_source_say_what_files_cannot() -> None:
    manifest = read(
        SOURCE
        + """
[[migrations]]
file = "m/2_posts.sql"
version = "two"
priority = "P1"
provides = "the posts"
transactional = false

[[migrations.checks]]
name = "table"
query = "SELECT 1"
returns = [[1]]
"""
    )
    [users, posts] = manifest.migrations
    assert (users.version, posts.version, posts.key) == ("1", "two", "2")
    assert (posts.priority, posts.provides, posts.transactional) == (Priority.P1, "the posts", False)
    assert [each.name for each in posts.checks] == ["table"]


def test_a_source_with_requirements_is_not_linear() -> None:
    manifest = read(SOURCE + '[[migrations]]\nfile = "m/2_posts.sql"\nrequires = ["1"]\n')
    assert (manifest.is_linear, [each.requires for each in manifest.migrations]) == (False, [(), ("1",)])


@pytest.mark.parametrize(
    ("text", "is_idempotent"),
    [
        (SOURCE, False),
        (SOURCE.replace("format = 2", "format = 2\nidempotent = true"), True),
        ('format = 2\n[[migrations]]\nfile = "1_a.sql"\n', True),
        ('format = 2\nidempotent = false\n[[migrations]]\nfile = "1_a.sql"\n', False),
    ],
)
def test_only_listed_scripts_must_be_able_to_run_twice_by_default(text: str, is_idempotent: bool) -> None:
    assert read(text, {**FILES, "1_a.sql": "SELECT 1"}).is_idempotent is is_idempotent


def test_a_listed_history_may_be_linear() -> None:
    text = 'format = 2\nhistory = "linear"\n[[migrations]]\nfile = "1_a.sql"\n[[migrations]]\nfile = "2_b.sql"\n'
    manifest = read(text, {"1_a.sql": "SELECT 1", "2_b.sql": "SELECT 2"})
    assert (manifest.is_linear, [each.requires for each in manifest.migrations]) == (True, [(), ("1",)])


def test_a_repeatable_migration_comes_last_and_requires_all_others() -> None:
    names = ("R__view", "V1__a", "V2__b")
    text = "format = 1\n" + "".join(f'[[migrations]]\nfile = "{each}.sql"\n' for each in names)
    manifest = read(text, {f"{each}.sql": "SELECT 1" for each in names})
    assert [(each.version, each.requires, each.repeatable) for each in manifest.migrations] == [
        ("1", (), False),
        ("2", (), False),
        ("R__view", ("1", "2"), True),
    ]


def test_an_applied_repeatable_migration_says_nothing_about_the_others() -> None:
    names = ("V1__a", "V2__b", "R__view")
    text = 'format = 2\nhistory = "linear"\n' + "".join(f'[[migrations]]\nfile = "{each}.sql"\n' for each in names)
    manifest = read(text, {f"{each}.sql": "SELECT 1" for each in names})
    order = order_of(manifest.migrations, is_linear=manifest.is_linear)
    assert (order.is_linear, order.repeatable) == (True, {"R__view"})
    assert order.requires == {"1": set(), "2": {"1"}, "R__view": {"1", "2"}}
    assert order.closed(["R__view"]) == {"R__view"}
    assert order.closed(["R__view", "2"]) == {"1", "2", "R__view"}


@pytest.mark.parametrize(
    ("ledger", "expected"),
    [
        ("[ledger]", ToolLedger(tool=Tool.GOOSE, table="goose_db_version", write=False)),
        (
            '[ledger]\ntable = "ops.versions"\nwrite = true',
            ToolLedger(tool=Tool.GOOSE, table="ops.versions", write=True),
        ),
    ],
)
def test_the_tools_ledger_is_named(ledger: str, expected: ToolLedger) -> None:
    assert read(SOURCE + ledger).ledger == expected


@pytest.mark.parametrize("directory", ["m", "m/", "./m"])
def test_a_directory_may_be_written_in_several_ways(directory: str) -> None:
    text = SOURCE.replace('"m"', f'"{directory}"')
    assert [each.script.path for each in read(text).migrations] == ["m/1_users.sql", "m/2_posts.sql"]


def test_the_manifests_own_folder_may_be_the_directory() -> None:
    files = {path.removeprefix("m/"): content for path, content in FILES.items()}
    text = SOURCE.replace('"m"', '"."')
    assert [each.script.path for each in read(text, files).migrations] == ["1_users.sql", "2_posts.sql"]


def test_files_of_the_same_name_are_shown_with_their_folders() -> None:
    text = SOURCE.replace("goose", "diesel")
    manifest = read(text, {"m/2024_users/up.sql": "SELECT 1", "m/2025_posts/up.sql": "SELECT 2"})
    assert [(each.version, each.file) for each in manifest.migrations] == [
        ("2024", "2024_users/up.sql"),
        ("2025", "2025_posts/up.sql"),
    ]


def test_a_folder_may_be_skipped() -> None:
    text = SOURCE.replace("goose", "diesel") + 'skip = ["m/seeds"]\n'
    manifest = read(text, {"m/2024_users/up.sql": "SELECT 1", "m/seeds/users.sql": "SELECT 2"})
    assert [each.version for each in manifest.migrations] == ["2024"]


def test_listed_files_of_the_same_name_are_shown_with_their_folders() -> None:
    text = "format = 1\n" + "".join(
        f'[[migrations]]\nfile = "{each}/1_m.sql"\nversion = "{each}"\n' for each in ("a", "b")
    )
    manifest = read(text, {"a/1_m.sql": "SELECT 1", "b/1_m.sql": "SELECT 2"})
    assert [(each.version, each.key, each.file) for each in manifest.migrations] == [
        ("a", "1", "a/1_m.sql"),
        ("b", "1", "b/1_m.sql"),
    ]


def test_every_fault_is_reported_at_once() -> None:
    files = {**FILES, "m/3_go.go": None, "m/4_nul.sql": Unusable("contains a NUL byte, at line 2; delete it")}
    text = SOURCE + 'skip = ["m/9_none.sql"]\n[[migrations]]\nfile = "m/8_none.sql"\n[[counts]]\ntable = "a"\n'
    assert faults(text + '[[counts]]\ntable = "a"\n', files) == [
        "source: cannot use 'm/3_go.go': is a Go migration; pgfleet runs only SQL",
        "source: cannot use 'm/4_nul.sql': contains a NUL byte, at line 2; delete it",
        "source.skip: 'm/9_none.sql' does not exist; paths are relative to the manifest's folder",
        (
            "migrations[0].file: 'm/8_none.sql' is not a migration of the source; "
            "paths are relative to the manifest's folder"
        ),
        "counts[1].table: 'a' appears twice",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            SOURCE.replace("2", "1", 1) + "[ledger]",
            ["source: needs format = 2", "ledger: needs format = 2"],
            id="a source in format 1",
        ),
        pytest.param(
            "format = 2", ["migrations: missing; list the scripts, or name their directory in [source] (format = 2)"]
        ),
        pytest.param(
            SOURCE.replace("goose", "gooose"),
            [
                (
                    "source.tool: must be 'plain', 'flyway', 'goose', 'dbmate', 'golang-migrate', "
                    "'sql-migrate', 'diesel', 'sqlx', 'prisma', 'drizzle', 'node-pg-migrate-sql', "
                    "'postgres-migrations', 'graphile-migrate', 'sqitch' or 'supabase'"
                )
            ],
            id="an unknown tool",
        ),
        pytest.param(
            SOURCE + 2 * '[[migrations]]\nfile = "m/2_posts.sql"\n',
            ["migrations[1].file: 'm/2_posts.sql' appears twice"],
            id="an entry twice",
        ),
        pytest.param(
            SOURCE.replace('"m"', '"n"'),
            ["source.directory: 'n' contains no migration of goose; paths are relative to the manifest's folder"],
            id="an empty directory",
        ),
        pytest.param(
            SOURCE.replace("format = 2", 'format = 2\nhistory = "linear"')
            + '[[migrations]]\nfile = "m/2_posts.sql"\nrequires = ["1"]\n',
            ["migrations[0].requires: is not allowed, because the history is linear; delete it"],
            id="requirements in a linear history",
        ),
        pytest.param(
            'format = 2\n[ledger]\n[[migrations]]\nfile = "m/2_posts.sql"\n',
            ["ledger: needs a [source], whose tool's ledger it is"],
            id="a ledger without a source",
        ),
        pytest.param(
            SOURCE.replace("goose", "plain") + "[ledger]",
            [
                (
                    "source: cannot use 'm/1_users.sql': contains a Down section of goose, at line 3, "
                    "which must not run; name the tool in [source] (format = 2), or delete the section"
                ),
                "ledger: is not possible: plain files have no ledger",
            ],
            id="a ledger of no tool",
        ),
        pytest.param(
            SOURCE + '[[migrations]]\nfile = "m/2_posts.sql"\nversion = "1"\n',
            [
                (
                    "migrations[0].file: 'm/2_posts.sql' has version 1, as 'm/1_users.sql' has; "
                    "set another version for one of them"
                )
            ],
            id="a version twice",
        ),
    ],
)
def test_a_manifest_that_contradicts_itself_is_rejected(text: str, expected: list[str]) -> None:
    assert faults(text) == expected


def test_the_ledger_of_sqitch_cannot_be_written() -> None:
    files = {"m/sqitch.plan": "%project=p\n\na 2024-01-01T00:00:00Z A <a@b.c>\n", "m/deploy/a.sql": "SELECT 1;"}
    assert faults(SOURCE.replace("goose", "sqitch") + "[ledger]\nwrite = true\n", files) == [
        (
            "ledger.write: is not possible for sqitch: "
            "its change IDs depend on the entire plan, its tags, dependencies, and events"
        )
    ]


def test_what_affects_an_audit_is_in_the_checksum() -> None:
    base = read(SOURCE)
    assert read(SOURCE + '[[migrations]]\nfile = "m/1_users.sql"\nprovides = "x"\n').checksum == base.checksum
    assert read(SOURCE + "[ledger]\n").checksum != base.checksum
    files = {"1_a.sql": "SELECT 1", "2_b.sql": "SELECT 2"}
    entries = '[[migrations]]\nfile = "1_a.sql"\n[[migrations]]\nfile = "2_b.sql"\n'
    linear = read('format = 2\nhistory = "linear"\n' + entries, files).checksum
    assert linear != read("format = 2\n" + entries, files).checksum
    assert linear == read("format = 1\n" + entries + 'requires = ["1"]\n', files).checksum


def test_a_script_that_runs_in_part_has_another_checksum() -> None:
    entry = 'format = 1\n[[migrations]]\nfile = "1_a.sql"\n'
    whole, wrapped = (read(entry, {"1_a.sql": sql}) for sql in ("SELECT 1;", "BEGIN;\nSELECT 1;\nCOMMIT;"))
    [migration] = wrapped.migrations
    assert migration.script.sql == "      \nSELECT 1;\n       "
    assert migration.script.checksum != whole.migrations[0].script.checksum


def test_a_down_section_is_the_down_script_and_keeps_its_lines() -> None:
    users, posts = read(SOURCE).migrations
    assert users.down is not None
    assert users.down.script.sql == USERS.replace("-- +goose Up", " " * 12).replace(
        "CREATE TABLE users ();", " " * 22
    ).replace("-- +goose Down", " " * 14)
    assert (users.down.transactional, users.down.problem, users.down.script.file) == (True, None, "1_users.sql")
    assert users.down.script.checksum != users.script.checksum
    assert posts.down is None


def test_a_down_script_without_a_statement_is_none() -> None:
    files = {"m/1_users.sql": "-- +goose Up\nSELECT 1;\n-- +goose Down\n-- nothing\n"}
    assert read(SOURCE, files).migrations[0].down is None


def test_a_down_script_that_cannot_run_says_why_and_the_manifest_is_valid() -> None:
    files = {
        "m/1_users.sql": "-- +goose Up\nSELECT 1;\n-- +goose Down\nDROP TABEL users;\n",
        "m/2_index.sql": "-- +goose Up\nSELECT 1;\n-- +goose Down\nDROP INDEX CONCURRENTLY i;\n",
    }
    broken, outside = (each.down for each in read(SOURCE, files).migrations)
    assert broken is not None
    assert outside is not None
    assert broken.problem == 'does not parse, at line 4 column 6: syntax error at or near "TABEL"'
    assert (outside.transactional, outside.problem) == (False, None)


def test_an_entry_names_the_file_that_reverts_it() -> None:
    text = SOURCE.replace("goose", "plain") + '[[migrations]]\nfile = "m/1_a.sql"\nrevert = "m/1_a.rollback.sql"\n'
    files = {"m/1_a.sql": "CREATE TABLE a ();\n", "m/1_a.rollback.sql": "BEGIN;\nDROP TABLE a;\nCOMMIT;\n"}
    [migration] = read(text, files).migrations
    assert migration.down is not None
    assert migration.down.script.sql == "      \nDROP TABLE a;\n       \n"
    assert migration.down.script.file == "1_a.rollback.sql"


def test_the_file_of_an_entry_takes_precedence_over_the_tools_section() -> None:
    text = SOURCE + '[[migrations]]\nfile = "m/1_users.sql"\nrevert = "undo.sql"\n'
    manifest = read(text, {**FILES, "undo.sql": "DROP TABLE IF EXISTS users;\n"})
    assert manifest.migrations[0].down is not None
    assert manifest.migrations[0].down.script.path == "undo.sql"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "does not exist; paths are relative to the manifest's folder"),
        ("-- nothing\n", "contains no statement"),
        ("DROP TABEL a;\n", 'does not parse, at line 1 column 6: syntax error at or near "TABEL"'),
    ],
)
def test_a_revert_that_an_entry_names_must_be_usable(content: str | None, problem: str) -> None:
    text = SOURCE + '[[migrations]]\nfile = "m/1_users.sql"\nrevert = "undo.sql"\n'
    assert faults(text, {**FILES, "undo.sql": content}) == [f"migrations[0].revert: 'undo.sql' {problem}"]
