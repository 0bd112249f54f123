"""Each tool's ledger on a server: its table, the rows that record migrations, and what they then say."""

from pathlib import Path

import pytest
from fixtures.servers import Server

from pgfleet.manifest.model import Manifest, Tool
from pgfleet.manifest.source.ledger import Recorded, table_name
from pgfleet.manifest.source.template import render_manifest
from pgfleet.manifest.source.tools import LEDGERS, ledger_format
from pgfleet.postgres.query import Query
from pgfleet.run.files import load_manifest

SOURCES = Path(__file__).parents[1] / "sources"
WRITTEN = [tool for tool, ledger in LEDGERS.items() if ledger.insert]


def manifest_of(tool: Tool, folder: Path) -> Manifest:
    """The manifest that `manifest init` writes for the tool's folder of small files."""
    directory = SOURCES / tool / ("migrations" if tool is Tool.SUPABASE else "")
    (folder / "m").symlink_to(directory, target_is_directory=True)
    (folder / "manifest.toml").write_text(render_manifest(tool, "m", "m/", (), ()), encoding="utf-8")
    return load_manifest(folder / "manifest.toml")


@pytest.mark.parametrize("tool", WRITTEN)
def test_what_is_recorded_is_read_again(embedded_server: Server, tool: Tool, tmp_path: Path) -> None:
    manifest, ledger = manifest_of(tool, tmp_path), ledger_format(tool)
    assert manifest.ledger
    assert ledger.insert
    database = embedded_server.create_database()
    table = table_name(manifest.ledger.table, home="public")
    with embedded_server.session(database) as session:
        session.run_script(ledger.definition(table))
        recorded: set[str] = set()
        for migration in manifest.migrations:
            [rows] = session.fetch(Query(ledger.read(table)))
            assert ledger.applied(rows, manifest.migrations) == Recorded(versions=frozenset(recorded))
            session.write(*(Query(text, values) for text, values in ledger.insert(migration, table)))
            recorded.add(migration.version)
        [rows] = session.fetch(Query(ledger.read(table)))
        assert ledger.applied(rows, manifest.migrations) == Recorded(versions=frozenset(recorded))
    embedded_server.drop_database(database)


def test_sqitchs_rows_are_read(embedded_server: Server, tmp_path: Path) -> None:
    manifest, ledger = manifest_of(Tool.SQITCH, tmp_path), ledger_format(Tool.SQITCH)
    database = embedded_server.create_database()
    table = table_name(ledger.default_table, home="public")
    with embedded_server.session(database) as session:
        session.run_script(ledger.definition(table))
        session.run_script(
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
        [rows] = session.fetch(Query(ledger.read(table)))
    assert ledger.applied(rows, manifest.migrations) == Recorded(versions=frozenset({"users", "touch@v1.1"}))
    embedded_server.drop_database(database)
