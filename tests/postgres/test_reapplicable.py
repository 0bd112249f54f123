"""Which objects a rerun restores, found by trial."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from fixtures.servers import Server

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import ObjectKind
from pgfleet.catalog.reapply import Reapplicable
from pgfleet.catalog.scope import EVERYTHING
from pgfleet.manifest.model import Manifest
from pgfleet.manifest.parse import build_manifest, parse_document
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.read.introspection import read_catalog
from pgfleet.postgres.scratch.database import scratch_database
from pgfleet.postgres.scratch.expected_catalog import build_expected
from pgfleet.postgres.scratch.reapplicable import find_obstacle, outlasts_drop
from pgfleet.postgres.scratch.replay import replay
from pgfleet.postgres.scratch.trial import TrialDatabase
from pgfleet.postgres.session import Session
from pgfleet.run.files import load_manifest

MANIFESTS = Path(__file__).parents[1] / "manifests"


def manifest_of(scripts: Mapping[str, str]) -> Manifest:
    """A manifest of these scripts, by their files' names."""
    lines = ["format = 1"]
    for file in scripts:
        lines += ["[[migrations]]", f'file = "{file}"', 'priority = "P0"', 'provides = "something"']
    return build_manifest(parse_document("\n".join(lines), file="manifest.toml"), scripts, file="manifest.toml")


@contextmanager
def expecting(server: Server, manifest: Manifest) -> Iterator[tuple[Reapplicable, Session]]:
    """What a rerun heals, and the session in which it was found out."""
    with scratch_database(server.admin, Limits()) as session:
        yield build_expected(manifest, session).reapplicable, session


def names(identities: frozenset, kind: ObjectKind) -> set[str]:
    return {each.name for each in identities if each.kind is kind}


@pytest.mark.every_version
def test_a_rerun_of_the_shipped_manifest_restores_these_objects(proven: ExpectedCatalog) -> None:
    """That the trials leave nothing is checked where the catalog is made: `Server.proven`."""
    reruns, objects = proven.reapplicable, {each.object.identity for each in proven.provenances}
    whole = {
        ObjectKind.SCHEMA,
        ObjectKind.TABLE,
        ObjectKind.FUNCTION,
        ObjectKind.INDEX,
        ObjectKind.TRIGGER,
        ObjectKind.COLUMN,
    }
    added = {
        "ai_conversations.summary",
        "ai_conversations.summary_metadata",
        "ai_conversations.summary_updated_at",
        "policy_rules.company_allow_list",
        "policy_rules.company_deny_list",
    }
    for kind in whole - {ObjectKind.COLUMN}:
        assert names(reruns.missing, kind) == {each.name for each in objects if each.kind is kind}, kind
    assert names(reruns.missing, ObjectKind.COLUMN) == added
    assert {each.kind for each in reruns.missing} == whole
    assert names(reruns.changed, ObjectKind.TRIGGER) == {
        "ai_conversations.trg_ai_conversations_updated_at",
        "ai_task_queue.trg_ai_task_queue_updated_at",
    }
    assert names(reruns.changed, ObjectKind.FUNCTION) == {"update_timestamp()"}
    assert len(reruns.changed) == 3
    assert {each for each in objects if each not in reruns.altered} == {
        each for each in objects if each.kind in {ObjectKind.SCHEMA, ObjectKind.TABLE}
    }


@pytest.mark.every_version
def test_an_object_counts_as_restored_only_if_every_alteration_is_undone(server: Server) -> None:
    """`kept` has its default, its NOT NULL and its type set again; `half` its default alone."""
    manifest = manifest_of(
        {
            "1_rules.sql": """
                CREATE TABLE IF NOT EXISTS rules (kept text NOT NULL DEFAULT 'a', half text NOT NULL DEFAULT 'a');
                ALTER TABLE rules ALTER COLUMN kept TYPE text, ALTER COLUMN kept SET NOT NULL,
                  ALTER COLUMN kept SET DEFAULT 'a', ALTER COLUMN half SET DEFAULT 'a';
            """
        }
    )
    with expecting(server, manifest) as (reruns, _):
        assert names(reruns.changed, ObjectKind.COLUMN) == {"rules.kept"}


def test_a_script_that_fails_on_an_existing_object_restores_only_that_object(server: Server) -> None:
    manifest = manifest_of(
        {
            "1_rules.sql": "CREATE TABLE rules_of_old (a int); CREATE TABLE IF NOT EXISTS rules (a int);",
            "2_status.sql": "CREATE OR REPLACE FUNCTION status() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "3_status.sql": "CREATE OR REPLACE FUNCTION status() RETURNS int LANGUAGE sql AS 'SELECT 2'",
            "4_more.sql": "ALTER TABLE rules ADD COLUMN IF NOT EXISTS b int",
        }
    )
    with expecting(server, manifest) as (reruns, _):
        assert names(reruns.missing, ObjectKind.FUNCTION) == {"status()"}
        assert names(reruns.missing, ObjectKind.TABLE) == {"rules_of_old"}, "while it is there, its script fails"
        assert names(reruns.missing, ObjectKind.COLUMN) == {"rules.b"}


def test_an_existing_table_is_in_the_way_unless_it_is_the_one_that_is_missing(server: Server) -> None:
    manifest = manifest_of({"1_t.sql": "CREATE SEQUENCE IF NOT EXISTS s; CREATE TABLE t (a int DEFAULT nextval('s'))"})
    with scratch_database(server.admin, Limits()) as session:
        expected = replay(manifest, session)
        database = TrialDatabase(session=session, migrations={"1": manifest.migrations[0]}, expected=expected)
        by_kind = {each.object.identity.kind: each for each in expected.provenances}
        obstacle = find_obstacle(database, list(expected.provenances))
        assert obstacle is not None
        assert (obstacle.statement, obstacle.is_existing_object) == (
            "CREATE TABLE t (a int DEFAULT nextval('s'))",
            True,
        )
        remains = {kind: outlasts_drop(database, [each], obstacle) for kind, each in by_kind.items()}
        assert remains == {ObjectKind.SEQUENCE: True, ObjectKind.COLUMN: True, ObjectKind.TABLE: False}
        assert find_obstacle(database, []) is None


def test_objects_whose_names_need_quotes_can_be_tried(server: Server) -> None:
    manifest = manifest_of(
        {
            "1_odd.sql": """
                CREATE TABLE IF NOT EXISTS "Odd.table" ("a.""b" int, "%s" int);
                ALTER TABLE "Odd.table" ADD COLUMN IF NOT EXISTS "c.d" int;
                CREATE INDEX IF NOT EXISTS "An.index" ON "Odd.table" ("%s");
            """
        }
    )
    with expecting(server, manifest) as (reruns, session):
        assert names(reruns.missing, ObjectKind.COLUMN) == {'"Odd.table"."c.d"'}
        assert names(reruns.missing, ObjectKind.INDEX) == {"An.index"}
        assert len(read_catalog(session, EVERYTHING, {}).managed or ()) == 5


def test_an_index_built_outside_a_transaction_is_restored_after_the_trial(server: Server) -> None:
    manifest = load_manifest(MANIFESTS / "concurrently" / "manifest.toml")
    with scratch_database(server.admin, Limits()) as session:
        expected = build_expected(manifest, session)
        [index] = [
            each.object.identity for each in expected.provenances if each.object.identity.name == "orders_number"
        ]
        assert index in expected.reapplicable.missing
        assert index in expected.reapplicable.altered - expected.reapplicable.changed
        assert read_catalog(session, expected.scope, expected.equivalents).fingerprint == expected.fingerprint
