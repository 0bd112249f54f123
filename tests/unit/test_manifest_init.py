"""`manifest init`: which tool is recognized, what is written, and what is refused."""

import tomllib
from pathlib import Path

import pytest
import typer

from pgfleet.cli.manifest_init import init
from pgfleet.errors import ConfigurationError
from pgfleet.manifest.model import Tool
from pgfleet.manifest.source.recognition import recognize
from pgfleet.manifest.source.tools import LEDGERS
from pgfleet.run.files import load_manifest, read_directory

SOURCES = Path(__file__).parents[1] / "sources"


def source(tool: Tool) -> Path:
    return SOURCES / tool / "migrations" if tool is Tool.SUPABASE else SOURCES / tool


@pytest.mark.parametrize("tool", [each for each in Tool if each is not Tool.GOLANG_MIGRATE])
def test_a_tools_files_are_recognized(tool: Tool) -> None:
    assert list(recognize(read_directory(source(tool)), source(tool).as_posix()).reasons) == [tool]


def test_up_files_can_be_of_two_tools(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        init(source(Tool.GOLANG_MIGRATE), tmp_path / "manifest.toml", None)
    assert str(caught.value).endswith(
        "fits several tools: golang-migrate, because 3 files are named like 000001_users.up.sql; "
        "sqlx, because 3 files are named like 000001_users.up.sql; pass --tool golang-migrate or --tool sqlx"
    )
    assert not (tmp_path / "manifest.toml").exists()


@pytest.mark.parametrize(
    ("files", "hint"),
    [
        ((), "it contains no file"),
        (
            ("a.py", "b.py", "c.rb", "README"),
            (
                "it contains 2 .py, 1 .rb; to write migrations in code out as SQL, "
                "see docs/manifest.md in pgfleet's documentation"
            ),
        ),
        (("schema.sql",), "it contains 1 .sql"),
    ],
)
def test_a_directory_without_migrations_in_sql_is_rejected(tmp_path: Path, files: tuple[str, ...], hint: str) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    with pytest.raises(ConfigurationError) as caught:
        init(tmp_path, tmp_path / "manifest.toml", None)
    problem = f"contains no migration in SQL that pgfleet recognizes ({hint}); name another directory"
    assert caught.value.problem == problem


@pytest.mark.parametrize(
    ("files", "tool", "hint"),
    [
        (("20240101000000_a/migration.sql", "20240101000000_a/snapshot.json"), "prisma", "snapshot.json is Drizzle's"),
        (("1620000000000_a/up.sql", "1620000000000_a/down.sql"), "diesel", "Hasura's folders are named so"),
    ],
)
def test_another_tool_with_the_same_files_is_named(
    tmp_path: Path, files: tuple[str, ...], tool: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("CREATE TABLE a ();")
    init(tmp_path, tmp_path / "manifest.toml", None)
    printed = capsys.readouterr().out
    assert f": {tool} (" in printed
    assert f"; {hint}, and its ledger is not" in printed


@pytest.mark.parametrize(
    ("file", "folder"),
    [
        ("db/sql/1_a.sql", "db/sql"),
        ("migrations/20240101000000_users/migration.sql", "migrations"),
        ("supabase/migrations/20240101000000_users.sql", "supabase/migrations"),
    ],
)
def test_a_folder_with_migrations_is_suggested(tmp_path: Path, file: str, folder: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text("")
    with pytest.raises(ConfigurationError) as caught:
        init(tmp_path, tmp_path / "manifest.toml", None)
    assert caught.value.problem == f"no migrations found; did you mean {tmp_path / folder}?"


def test_several_folders_with_migrations_are_named(tmp_path: Path) -> None:
    for folder in ("2023", "2024"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1_a.sql").write_text("")
    with pytest.raises(ConfigurationError) as caught:
        init(tmp_path, tmp_path / "manifest.toml", None)
    assert caught.value.problem == (
        "contains migrations only in folders: 2023, 2024; name one of them, "
        "or list the files of several in a manifest, as [[migrations]]"
    )


FOREIGN = {
    "db.changelog-master.yaml": "Liquibase",
    "1_a.sql": "Liquibase",
    "versions/ae1027a6acf_users.py": "Alembic",
    "0001_initial.py": "Django",
    "20240101000000_create_users.rb": "Rails",
    "20240101000000_create_users.exs": "Ecto",
    "20240101000000_Initial.cs": "Entity Framework",
    "2024_01_01_000000_create_users_table.php": "Laravel",
    "20240101000000_users.php": "Phinx",
    "Version20240101000000.php": "Doctrine",
    "1700000000000-Users.ts": "TypeORM",
    "20240101000000_users.js": "Knex, Sequelize, or another tool in JavaScript",
}


@pytest.mark.parametrize("file", FOREIGN)
def test_files_of_another_tool_are_named(file: str, tmp_path: Path) -> None:
    """Also if numbered SQL files are beside them."""
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("--liquibase formatted sql\n\n--changeset a:1 context:test\nSELECT 1;\n")
    (tmp_path / "2_b.sql").write_text("SELECT 1;\n")
    with pytest.raises(ConfigurationError) as caught:
        init(tmp_path, tmp_path / "manifest.toml", None)
    start, _, advice = caught.value.problem.partition("; ")
    assert start == f"contains migrations of {FOREIGN[file]}, which pgfleet cannot read"
    assert advice.startswith("write them out as SQL, ")


@pytest.mark.parametrize(("name", "problem"), [("none", "does not exist"), ("file", "is not a directory")])
def test_a_path_that_is_no_directory_is_rejected(tmp_path: Path, name: str, problem: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError) as caught:
        init(tmp_path / name, tmp_path / "manifest.toml", None)
    assert str(caught.value) == f"manifest init: '{tmp_path / name}' {problem}"


IGNORED = {
    Tool.DBMATE: "Ignored, as dbmate does (1): schema.sql",
    Tool.GOLANG_MIGRATE: "Ignored, as golang-migrate does (1): notes.sql",
    Tool.GRAPHILE_MIGRATE: "Ignored, as graphile-migrate does (1): current.sql",
    Tool.SUPABASE: "Ignored, as supabase does (2): 20211208000000_init.sql, notes.sql",
}


@pytest.mark.parametrize("tool", Tool)
def test_the_written_manifest_is_valid(tool: Tool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "manifest.toml"
    init(source(tool), output, tool)
    manifest = load_manifest(output)
    ledger = LEDGERS[tool].default_table if tool in LEDGERS else None
    assert (manifest.is_linear, manifest.ledger and manifest.ledger.table) == (True, ledger)
    written, following = capsys.readouterr().out.split("Next:\n")
    assert written.splitlines() == [
        f"{source(tool)}: {tool} (named by --tool)",
        f"{output}: {len(manifest.migrations)} migrations",
        *([IGNORED[tool]] if tool in IGNORED else []),
    ]
    assert "doctor ENV" in following


def test_the_next_command_names_the_manifest_only_if_it_must(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("PGFLEET_CONFIG", "PGFLEET_MANIFEST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    for output, following in (("manifest.toml", "pgfleet"), ("m.toml", "pgfleet --manifest m.toml")):
        init(source(Tool.GOOSE), Path(output), Tool.GOOSE)
        commands = [line.split("  ")[1] for line in capsys.readouterr().out.partition("Next:\n")[2].splitlines()]
        assert commands == [
            f"{following} manifest",
            f"{following} manifest check",
            "pgfleet init",
            f"{following} doctor ENV",
            f"{following} audit ENV",
        ]


def test_the_next_commands_do_not_write_a_fleet_file_that_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet = tmp_path / "fleet.toml"
    fleet.touch()
    monkeypatch.setenv("PGFLEET_CONFIG", str(fleet))
    init(source(Tool.GOOSE), tmp_path / "manifest.toml", Tool.GOOSE)
    assert "pgfleet init" not in capsys.readouterr().out


def test_paths_are_relative_to_the_manifest(tmp_path: Path) -> None:
    (tmp_path / "db" / "migrations").mkdir(parents=True)
    (tmp_path / "db" / "migrations" / "1_a.sql").write_text("SELECT 1;")
    (tmp_path / "fleet").mkdir()
    for output, directory in (
        (tmp_path / "db" / "m.toml", "migrations"),
        (tmp_path / "fleet" / "m.toml", "../db/migrations"),
    ):
        init(tmp_path / "db" / "migrations", output, None)
        assert tomllib.loads(output.read_text())["source"]["directory"] == directory
        assert [each.version for each in load_manifest(output).migrations] == ["1"]


def test_a_file_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    output = tmp_path / "manifest.toml"
    output.write_text("mine")
    with pytest.raises(ConfigurationError) as caught:
        init(source(Tool.GOOSE), output, None)
    assert caught.value.problem == "exists already; name another file with --output"
    assert output.read_text() == "mine"


def uncomment_skip(output: Path) -> None:
    text = output.read_text()
    start = text.index("# skip")
    end = text.index("# ]") + len("# ]")
    output.write_text(text[:start] + text[start:end].replace("# ", "", 1).replace("\n# ", "\n") + text[end:])


def test_files_that_cannot_be_used_are_listed_and_can_be_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, output = tmp_path / "m", tmp_path / "manifest.toml"
    folder.mkdir()
    (folder / "1_a.sql").write_text("-- +goose Up\nSELECT 1;")
    (folder / "2_b.go").write_text("package m")
    (folder / "3_c.sql").write_text("-- +goose Up\nSELECT 1;\n\\i d.sql\n")
    with pytest.raises(typer.Exit) as ended:
        init(folder, output, None)
    assert ended.value.exit_code == 2
    written = capsys.readouterr()
    assert written.out.splitlines() == [
        f"{folder}: goose (2 files contain -- +goose Up)",
        f"{output}: 1 migration",
    ]
    assert written.err.splitlines() == [
        "cannot use 2_b.go: is a Go migration; pgfleet runs only SQL",
        (
            "cannot use 3_c.sql: contains the psql command \\i, at line 3, which only psql understands; "
            "delete it, or write it as SQL"
        ),
        f"Correct these files (2), or leave them out with skip in {output}; then run pgfleet manifest.",
    ]
    with pytest.raises(ConfigurationError) as caught:
        load_manifest(output)
    assert [key for key, _ in caught.value.others] == ["source"]
    uncomment_skip(output)
    assert [each.version for each in load_manifest(output).migrations] == ["1"]


def test_files_that_share_a_number_get_versions_of_their_own(tmp_path: Path) -> None:
    folder, output = tmp_path / "m", tmp_path / "manifest.toml"
    folder.mkdir()
    for name in ("1_a", "1_b", "2_c"):
        (folder / f"{name}.sql").write_text("SELECT 1;")
    init(folder, output, None)
    assert [each.version for each in load_manifest(output).migrations] == ["1", "1_b", "2"]


def test_versions_contain_no_spaces_and_are_unique(tmp_path: Path) -> None:
    folder, output = tmp_path / "m", tmp_path / "manifest.toml"
    folder.mkdir()
    for name in ("1_a", "1_b c", "1_b_c"):
        (folder / f"{name}.sql").write_text("SELECT 1;")
    init(folder, output, None)
    assert [each.version for each in load_manifest(output).migrations] == ["1", "1_b_c", "1_b_c_2"]


def test_a_file_with_the_version_of_another_can_be_skipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, output = tmp_path / "m", tmp_path / "manifest.toml"
    folder.mkdir()
    for name in ("1_a", "01_b", "2_c"):
        (folder / f"{name}.up.sql").write_text("SELECT 1;")
    with pytest.raises(typer.Exit):
        init(folder, output, Tool.GOLANG_MIGRATE)
    assert f"{output}: 2 migrations" in capsys.readouterr().out.splitlines()
    assert "migrations" not in tomllib.loads(output.read_text())
    uncomment_skip(output)
    assert [each.version for each in load_manifest(output).migrations] == ["01", "2"]


def test_a_list_of_the_files_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    folder, output = tmp_path / "m", tmp_path / "manifest.toml"
    (folder / "meta").mkdir(parents=True)
    (folder / "meta" / "_journal.json").write_text('{"entries": [')
    (folder / "0000_a.sql").write_text("SELECT 1;")
    with pytest.raises(ConfigurationError) as caught:
        init(folder, output, None)
    assert str(caught.value).endswith(
        "meta/_journal.json: is not a journal of Drizzle: it needs entries, each with tag and when"
    )
    assert not output.exists()


def test_a_tool_that_ignores_most_files_must_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, output = tmp_path / "m", tmp_path / "manifest.toml"
    folder.mkdir()
    names = [f"{number:03}_a.up.sql" for number in range(2, 13)]
    for name in ("V1__a.sql", *names):
        (folder / name).write_text("SELECT 1;")
    listed = ", ".join(names[:10])
    with pytest.raises(ConfigurationError) as caught:
        init(folder, output, None)
    assert caught.value.problem == (
        "looks like flyway (1 file is named like V1__users.sql), but the tool would ignore 11 of 12 SQL files: "
        f"{listed} and 1 more; pass --tool with the tool that runs them"
    )
    assert not output.exists()
    init(folder, output, Tool.FLYWAY)
    assert f"Ignored, as flyway does (11): {listed} and 1 more" in capsys.readouterr().out.splitlines()


def test_commands_are_quoted_and_name_the_manifest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "my manifest.toml"
    init(source(Tool.GOOSE), output, None)
    command = f"pgfleet --manifest '{output}' manifest"
    assert capsys.readouterr().out.partition("Next:\n")[2].startswith(f"  {command}  ")
    head = output.read_text().splitlines()[:3]
    assert [line.partition(": ")[2].strip() for line in head[1:]] == [command, f"{command} check"]


def test_a_link_to_a_missing_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "1_a.sql").write_text("SELECT 1;")
    (folder / "2_b.sql").symlink_to(tmp_path / "none.sql")
    with pytest.raises(typer.Exit):
        init(folder, tmp_path / "manifest.toml", None)
    assert "cannot use 2_b.sql: is a symbolic link to a file that does not exist" in capsys.readouterr().err
