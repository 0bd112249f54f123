"""A manifest is proven on a real server: the shipped one passes, and faults in others are found."""

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from fixtures.servers import Server

from pgfleet.catalog.scope import EVERYTHING
from pgfleet.check.evidence import RequiredRun
from pgfleet.check.judgment import build_proof
from pgfleet.documents.manifest_proof import FaultKind, ManifestProof, ProofOutcome
from pgfleet.manifest.model import Manifest
from pgfleet.manifest.parse import build_manifest, parse_document
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.query import Query
from pgfleet.postgres.read.introspection import read_catalog
from pgfleet.postgres.scratch import dependency_check
from pgfleet.postgres.scratch.database import PREFIX, scratch_database
from pgfleet.postgres.scratch.dependency_check import run_required
from pgfleet.postgres.scratch.evidence import gather_evidence
from pgfleet.postgres.scratch.sample_rows import fill, read_rows
from pgfleet.postgres.scratch.second_run import run_again
from pgfleet.postgres.session import Session
from pgfleet.run.files import load_manifest
from pgfleet.run.shipped import sql_folder
from pgfleet.run.squawk import lint

MANIFESTS = Path(__file__).parents[1] / "manifests"


def prove(server: Server, manifest: Manifest, folder: Path = MANIFESTS) -> ManifestProof:
    """The proof, which leaves no scratch database behind."""
    evidence = gather_evidence(manifest, server.admin, Limits())
    with server.session("postgres") as session:
        [left] = session.fetch(Query(f"SELECT datname FROM pg_database WHERE starts_with(datname, '{PREFIX}')"))
    assert left == []
    return build_proof(manifest, evidence, lint(manifest, folder, server_major=server.major))


def manifest_of(**scripts: str) -> Manifest:
    """A manifest of these scripts, in order, named `1_<name>.sql` and so on, each requiring the one before."""
    texts = {f"{number}_{name}.sql": sql for number, (name, sql) in enumerate(scripts.items(), start=1)}
    lines = ["format = 1"]
    for number, file in enumerate(texts, start=1):
        lines += ["[[migrations]]", f'file = "{file}"', 'priority = "P0"', 'provides = "something"']
        lines += [f'requires = ["{number - 1}"]'] if number > 1 else []
    return build_manifest(parse_document("\n".join(lines), file="manifest.toml"), texts, file="manifest.toml")


def test_the_shipped_manifest_is_proven(server: Server, shipped_manifest: Manifest) -> None:
    proof = prove(server, shipped_manifest, sql_folder())
    assert (proof.outcome, proof.faults, proof.unproven, proof.lint) == (ProofOutcome.PROVEN, (), (), ())
    assert proof.server_version.split(".")[0] == str(server.major)
    for each in proof.migrations:
        assert (each.twice.changes_nothing, each.twice.loses_no_row, each.twice.detail) == (True, True, None)
        assert (each.requirements.suffice, each.requirements.detail) == (True, None)
        assert {check.passed for check in each.checks} == {True}
    assert {each.rows for each in proof.tables} == {3}
    assert len(proof.tables) == 8
    assert [each.works for each in proof.contracts] == [True] * 6
    assert len(proof.objects) == 122
    assert sum(each.restored_if_missing for each in proof.objects) == 30
    assert sum(bool(each.restored_if_changed) for each in proof.objects) == 3
    assert sum(each.restored_if_changed is None for each in proof.objects) == 9


def test_a_contract_that_the_manifest_breaks_is_a_fault(server: Server, shipped_manifest: Manifest) -> None:
    """The policy engine's error in production without the lists of companies."""
    migrations = tuple(each for each in shipped_manifest.migrations if each.version == "20250331")
    contracts = tuple(each for each in shipped_manifest.contracts if each.consumer.startswith("policy_engine"))
    without_lists = replace(
        shipped_manifest, migrations=migrations, contracts=contracts, seeds=(), counts=(), watches=()
    )
    proof = prove(server, without_lists, sql_folder())
    [fault] = proof.faults
    assert (fault.kind, fault.version, fault.file) == (FaultKind.CONTRACT_BROKEN, None, "policy_engine.sql")
    assert "policy_engine" in fault.message
    assert 'column "company_allow_list" does not exist' in fault.message
    assert [each.works for each in proof.contracts] == [False]


def test_a_manifest_with_every_kind_of_object_is_proven(
    everything_server: Server, everything_manifest: Manifest
) -> None:
    proof = prove(everything_server, everything_manifest, MANIFESTS / "everything")
    assert (proof.outcome, proof.faults, proof.unproven) == (ProofOutcome.PROVEN, (), ())
    restored = {kind: [each for each in proof.objects if each.kind == kind] for kind in ("view", "policy", "privilege")}
    assert {kind: len(objects) for kind, objects in restored.items()} == {"view": 5, "policy": 5, "privilege": 22}
    assert all(each.restored_if_missing for objects in restored.values() for each in objects)
    assert {each.restored_if_changed for each in restored["view"]} == {True, None}, "a materialised view is not altered"
    assert {each.restored_if_changed for each in restored["policy"]} == {True}
    assert {each.restored_if_changed for each in restored["privilege"]} == {None}


def test_every_migrations_fault_is_found(server: Server) -> None:
    folder = MANIFESTS / "faulty"
    proof = prove(server, load_manifest(folder / "manifest.toml"), folder)
    assert proof.outcome is ProofOutcome.FAULTY
    found = [(each.kind, each.file, each.message) for each in proof.faults]
    assert found == [
        (
            FaultKind.CHANGES,
            "2_status.sql",
            (
                "a second run fails: 2_status.sql, line 1 column 1: "
                'column "status" of relation "rules" already exists (SQLSTATE 42701)'
            ),
        ),
        (FaultKind.LOSES_ROWS, "3_archive.sql", "a second run deletes 3 of 3 rows of public.rules"),
        (
            FaultKind.REQUIREMENT_LACKING,
            "4_audit.sql",
            (
                "fails without migration 1 (4_audit.sql, line 2 column 1: "
                'relation "rules" does not exist (SQLSTATE 42P01)); add requires = ["1"]'
            ),
        ),
        (
            FaultKind.REQUIREMENT_LACKING,
            "5_note.sql",
            ('fails without migration 1 (does not create column public.owners.note); add requires = ["1"]'),
        ),
        (FaultKind.CHANGES, "6_touched.sql", "a second run adds 1 row to public.touched"),
        (
            FaultKind.LOSES_ROWS,
            "6_touched.sql",
            "a second run changes 3 of 3 rows of public.rules every time",
        ),
        (
            FaultKind.CHECK_FAILS,
            "6_touched.sql",
            "check 'rules' fails after a replay: missing: 2; unexpected: 0",
        ),
    ]
    assert {each.rule for each in proof.lint or ()} == {"prefer-bigint-over-int", "prefer-text-field"}


def test_missing_requirements_are_found_in_one_database(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def counting(*arguments: object) -> AbstractContextManager[Session]:
        opened.append(arguments)
        return scratch_database(*arguments)

    monkeypatch.setattr(dependency_check, "scratch_database", counting)
    tables = {f"t{number}": f"CREATE TABLE t{number} (id integer)" for number in range(1, 10)}
    linear = manifest_of(**tables, joined="CREATE VIEW joined AS SELECT id FROM t3 UNION SELECT id FROM t7")
    manifest = replace(linear, migrations=tuple(replace(each, requires=()) for each in linear.migrations))
    expected = server.expected(manifest)
    runs = run_required(manifest, expected.provenances, server.admin, Limits())
    assert [each.undeclared for each in runs.values()] == [()] * 9 + [("3", "7")]
    assert (runs["9"].error, runs["10"].error) == (
        None,
        '10_joined.sql, line 1 column 38: relation "t3" does not exist (SQLSTATE 42P01)',
    )
    assert len(opened) == 1


def test_what_a_requirement_lacks_is_not_reported_again(server: Server) -> None:
    linear = manifest_of(a="CREATE TABLE a (id integer)", b="ALTER TABLE a ADD COLUMN b int", c="CREATE INDEX ON a (b)")
    first, second, third = linear.migrations
    manifest = replace(linear, migrations=(first, replace(second, requires=()), third))
    runs = run_required(manifest, server.expected(manifest).provenances, server.admin, Limits())
    assert {version: found.undeclared for version, found in runs.items()} == {"1": (), "2": ("1",), "3": ()}


def test_a_migration_that_requires_all_earlier_ones_needs_no_run_of_its_own(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The replay has run it with just these."""
    monkeypatch.setattr(dependency_check, "apply", None)
    manifest = manifest_of(one="CREATE TABLE one (a int)", two="ALTER TABLE one ADD COLUMN b int")
    runs = run_required(manifest, server.expected(manifest).provenances, server.admin, Limits())
    assert runs == {"1": RequiredRun(), "2": RequiredRun()}


def test_a_migration_outside_a_transaction_is_run_twice_too(server: Server) -> None:
    folder = MANIFESTS / "concurrently"
    manifest = load_manifest(folder / "manifest.toml")
    assert prove(server, manifest, folder).outcome is ProofOutcome.PROVEN
    runs = run_again(manifest, server.admin, Limits())
    assert {version: found.empty for version, found in runs.findings.items()} == dict.fromkeys("123", ())
    assert runs.rows == {"public.orders": 3}


def test_a_script_that_fails_is_the_only_fault_reported(server: Server) -> None:
    proof = prove(server, manifest_of(one="CREATE TABLE one (a int)", two="CREATE TABLE two (a nosuchtype)"))
    [fault] = proof.faults
    assert (fault.kind, fault.file) == (FaultKind.FAILS, "2_two.sql")
    assert "nosuchtype" in fault.message
    assert (proof.objects, proof.migrations[0].twice.changes_nothing) == ((), None)


def test_a_table_that_cannot_be_filled_is_reported(server: Server) -> None:
    strict = "CREATE TABLE IF NOT EXISTS strict (code text NOT NULL CHECK (code ~ '^[A-Z]{3}-[0-9]+$'))"
    proof = prove(server, manifest_of(strict=strict))
    assert proof.outcome is ProofOutcome.INCOMPLETE
    [said] = proof.unproven
    assert said.startswith("public.strict has no sample rows, so row losses could not be detected: new row for")
    assert proof.migrations[0].twice.loses_no_row is None


def test_a_backfill_of_new_rows_is_not_a_fault(server: Server) -> None:
    manifest = manifest_of(
        rules="CREATE TABLE IF NOT EXISTS rules (name text PRIMARY KEY, shown text)",
        shown="UPDATE rules SET shown = upper(name) WHERE shown IS DISTINCT FROM upper(name)",
    )
    proof = prove(server, manifest)
    assert (proof.outcome, proof.faults) == (ProofOutcome.PROVEN, ())


ZOO = """
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE DOMAIN score AS integer CHECK (VALUE BETWEEN 1 AND 5);
CREATE DOMAIN grade AS varchar(3) CHECK (VALUE IN ('low', 'mid', 'top'));
CREATE TABLE parents (
  id bigserial PRIMARY KEY, code uuid NOT NULL UNIQUE, "odd ""name" int GENERATED ALWAYS AS IDENTITY, t text NOT NULL
);
CREATE TABLE children (
  parent bigint NOT NULL REFERENCES parents, code uuid NOT NULL REFERENCES parents (code), self int,
  key int PRIMARY KEY, FOREIGN KEY (self) REFERENCES children (key)
);
CREATE TABLE pairs (a int, b text, PRIMARY KEY (a, b));
CREATE TABLE of_pairs (
  a int NOT NULL, b text NOT NULL, FOREIGN KEY (a, b) REFERENCES pairs DEFERRABLE INITIALLY DEFERRED
);
CREATE TABLE types (
  c1 smallint NOT NULL, c2 numeric(3, 2) NOT NULL, c3 real NOT NULL, c4 char(1) NOT NULL, c5 varchar(2) NOT NULL,
  c6 "char" NOT NULL, c7 bytea NOT NULL, c8 interval NOT NULL, c9 time NOT NULL, c10 timetz NOT NULL,
  c11 timestamp NOT NULL, c12 bit(3) NOT NULL, c13 varbit NOT NULL, c14 inet NOT NULL, c15 cidr NOT NULL,
  c16 macaddr NOT NULL, c17 tsvector NOT NULL, c18 tsquery NOT NULL, c19 point NOT NULL, c20 box NOT NULL,
  c21 path NOT NULL, c22 polygon NOT NULL, c23 circle NOT NULL, c24 line NOT NULL, c25 lseg NOT NULL,
  c26 int4range NOT NULL, c27 tstzrange NOT NULL, c28 jsonb[] NOT NULL, c29 text[] NOT NULL, c30 mood NOT NULL,
  c31 mood[] NOT NULL, c32 score NOT NULL, c33 grade NOT NULL, c34 money NOT NULL, c35 name NOT NULL,
  c36 text NOT NULL CHECK (c36 IN ('new', 'old')), c37 int NOT NULL CHECK (c37 > 0), c38 json NOT NULL,
  c39 text GENERATED ALWAYS AS (c5 || 'x') STORED, c40 boolean NOT NULL, c41 date NOT NULL, c42 numrange[]
);
CREATE TABLE months (day date NOT NULL, n int) PARTITION BY RANGE (day);
CREATE TABLE years PARTITION OF months DEFAULT;
CREATE SCHEMA "Other.one";
CREATE TABLE "Other.one"."T%s" (t int);
CREATE TABLE nothing ();
"""


def test_rows_can_be_made_of_every_type(server: Server, empty_database: str) -> None:
    with server.session(empty_database) as session:
        session.run_script(ZOO)
        with session.transaction():
            refused = fill(session)
            session.run_script("ALTER TABLE of_pairs ADD COLUMN more int")
        assert refused == {}
        [rows] = session.fetch(Query("SELECT count(DISTINCT parent), count(DISTINCT code) FROM children", at_home=True))
        assert rows == [(3, 3)]
        [[(nulls,)]] = session.fetch(Query("SELECT count(*) FROM months WHERE n IS NULL", at_home=True))
        assert nulls == 0


def test_row_digests_cover_every_column(server: Server, empty_database: str) -> None:
    with server.session(empty_database) as session:
        session.run_script("CREATE TABLE rules (t text, n int); INSERT INTO rules VALUES (NULL, 1), (NULL, 1), ('', 1)")
        objects = read_catalog(session, EVERYTHING, {}).managed
        before = read_rows(session, objects)
        session.run_script("UPDATE rules SET t = 'x' WHERE t = ''")
        after = read_rows(session, objects)
    assert sorted(before["public.rules"].values()) == [1, 2]
    assert len(before["public.rules"].keys() & after["public.rules"].keys()) == 1


@pytest.mark.parametrize("configured", [True, False], ids=["configured beside the manifest", "not configured"])
def test_squawk_uses_only_the_manifests_rules(tmp_path: Path, configured: bool) -> None:
    (tmp_path / ".squawk.toml").write_text('excluded_rules = ["prefer-text-field"]')
    folder = tmp_path if configured else tmp_path / "manifest"
    manifest = manifest_of(
        one="-- A comment\nCREATE TABLE one (a varchar(8));",
        two="-- squawk-ignore-file\nCREATE TABLE two (a varchar(8));",
    )
    found = lint(manifest, folder, server_major=15)
    assert [(each.file, each.line, each.rule) for each in found if each.rule == "prefer-text-field"] == (
        [] if configured else [("1_one.sql", 2, "prefer-text-field")]
    )
    assert not [each for each in found if "timeout" in each.rule]


def test_scripts_may_name_the_home_schema(server: Server) -> None:
    manifest = manifest_of(
        create="CREATE SCHEMA IF NOT EXISTS s; CREATE TABLE IF NOT EXISTS s.t (id int PRIMARY KEY)",
        alter="ALTER TABLE t ADD COLUMN IF NOT EXISTS a int",
    )
    assert gather_evidence(manifest, server.admin, Limits()).failed is not None
    assert gather_evidence(manifest, server.admin, Limits(), "s").failed is None


DOWN = {
    "1_users": ("CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY);", "DROP TABLE users;"),
    "2_name": (
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS name text; CREATE INDEX IF NOT EXISTS users_name ON users (name);",
        "DROP INDEX users_name;",
    ),
    "3_email": ("ALTER TABLE users ADD COLUMN IF NOT EXISTS email text;", "ALTER TABLE users DROP email, DROP name;"),
    "4_typo": ("ALTER TABLE users ADD COLUMN IF NOT EXISTS age int;", "ALTER TABLE accounts DROP age;"),
    "5_posts": (
        "CREATE TABLE IF NOT EXISTS posts (id int PRIMARY KEY);",
        "DROP TABLE posts; CREATE TYPE posts AS ENUM ('a');",
    ),
    "6_index": (
        "CREATE INDEX IF NOT EXISTS users_email ON users (email);",
        "DROP INDEX CONCURRENTLY users_email;",
    ),
    "7_none": ("ALTER TABLE users ADD COLUMN IF NOT EXISTS city text;", None),
}


def test_down_scripts_are_proven_and_their_faults_name_objects_and_files(server: Server) -> None:
    lines, files = ["format = 2", 'history = "linear"'], {}
    for name, (up, down) in DOWN.items():
        files[f"{name}.sql"] = up
        lines += ["[[migrations]]", f'file = "{name}.sql"']
        if down:
            files[f"{name}.down.sql"] = down
            lines.append(f'revert = "{name}.down.sql"')
    manifest = build_manifest(parse_document("\n".join(lines), file="m.toml"), files, file="m.toml")
    proof = prove(server, manifest)
    assert [each.down and each.down.reverts for each in proof.migrations] == [
        True,
        False,
        False,
        False,
        False,
        True,
        None,
    ]
    faults = {each.file: each.message for each in proof.faults if each.kind is FaultKind.NOT_REVERTED}
    assert faults["2_name.down.sql"] == "the down script leaves behind column public.users.name"
    assert faults["3_email.down.sql"].startswith("the down script does not restore column public.users.name")
    assert "fails: 4_typo.down.sql, line 1 column" in faults["4_typo.down.sql"]
    assert faults["5_posts.down.sql"].startswith(
        "the down script leaves behind type public.posts; is followed by a failure of the migration: 5_posts.sql"
    )
    assert len(faults) == 4
