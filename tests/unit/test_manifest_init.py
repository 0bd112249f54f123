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
        (("a.py", "b.py", "c.rb", "README"), "it contains 2 .py, 1 .rb"),
        (("schema.sql",), "it contains 1 .sql"),
        (("db/sql/1_a.sql", "db/sql/2_b.sql", "db/c.sql"), "its folder db/sql contains 2 SQL files"),
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


@pytest.mark.parametrize("tool", Tool)
def test_the_written_manifest_is_valid(tool: Tool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "manifest.toml"
    init(source(tool), output, tool)
    manifest = load_manifest(output)
    ledger = LEDGERS[tool].default_table if tool in LEDGERS else None
    assert (manifest.is_linear, manifest.ledger and manifest.ledger.table) == (True, ledger)
    assert capsys.readouterr().out.splitlines() == [
        f"{source(tool)}: {tool} (named by --tool)",
        f"{output}: {len(manifest.migrations)} migrations",
        f"Next: pgfleet manifest --manifest {output}",
    ]


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


def test_files_that_cannot_be_taken_are_listed_and_can_be_skipped(
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
    assert capsys.readouterr().out.splitlines() == [
        f"{folder}: goose (2 files contain -- +goose Up)",
        f"{output}: 1 migration",
        "  cannot take 2_b.go: it is a Go migration; pgfleet runs only SQL",
        (
            "  cannot take 3_c.sql: it contains the psql command \\i, at line 3, which only psql understands; "
            "delete it, or write it as SQL"
        ),
        f"Correct these files (2), or leave them out with skip in {output}.",
    ]
    with pytest.raises(ConfigurationError) as caught:
        load_manifest(output)
    assert [key for key, _ in caught.value.others] == ["source"]
    text = output.read_text()
    start = text.index("# skip")
    end = text.index("# ]") + len("# ]")
    output.write_text(text[:start] + text[start:end].replace("# ", "", 1).replace("\n# ", "\n") + text[end:])
    assert [each.version for each in load_manifest(output).migrations] == ["1"]


def test_files_that_share_a_number_get_versions_of_their_own(tmp_path: Path) -> None:
    folder, output = tmp_path / "m", tmp_path / "manifest.toml"
    folder.mkdir()
    for name in ("1_a", "1_b", "2_c"):
        (folder / f"{name}.sql").write_text("SELECT 1;")
    init(folder, output, None)
    assert [each.version for each in load_manifest(output).migrations] == ["1", "1_b", "2"]
