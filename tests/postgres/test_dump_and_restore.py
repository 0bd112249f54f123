"""A tenant that was dumped and restored is as it was, on the same version of the server."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fixtures.binaries import BINARIES
from fixtures.everything import Beginning
from fixtures.rollout import a_small_manifest
from fixtures.servers import Server, apply_manifest

from pgfleet.documents.audit import TenantEntry, Verdict
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.read.audit import audit

pytestmark = pytest.mark.every_version
IN, BETWEEN = "{0} IN ('a', 'b')", "({1} BETWEEN 1 AND 5 AND {1} <> 3)"


def both(text: str, number: str) -> str:
    """Two conditions that the server writes in another form once it has read its own text."""
    return f"{IN} AND {BETWEEN}".format(text, number)


SCRIPTS = {
    "1_tables.sql": f"""
    CREATE DOMAIN code AS varchar(5) CHECK ({both("value", "length(value)")});
    CREATE TABLE parents (s varchar(9), n int, CONSTRAINT parents_check CHECK ({both("s", "n")}));
    CREATE TABLE things (
      s varchar(9), n int, code code, during int4range, b bool DEFAULT ({both("'a'::varchar", "2")}),
      g text GENERATED ALWAYS AS (CASE WHEN {both("s", "n")} THEN 'x' ELSE upper(s) END) STORED,
      EXCLUDE USING gist (during WITH &&) WHERE ({both("s", "n")})
    );
    CREATE TABLE parts (s varchar(9), n int) PARTITION BY LIST ((CASE WHEN {both("s", "n")} THEN 1 ELSE 2 END));
    CREATE INDEX parts_some ON parts (n) WHERE {both("s", "n")};
    """,
    "2_others.sql": f"""
    CREATE TABLE children () INHERITS (parents);
    CREATE INDEX things_some ON things ((CASE WHEN {both("s", "n")} THEN 1 END)) WHERE {both("s", "n")};
    CREATE VIEW chosen AS SELECT s, n FROM things WHERE {both("s", "n")};
    ALTER VIEW chosen ALTER COLUMN n SET DEFAULT CASE WHEN {both("'a'::varchar", "2")} THEN 1 END;
    CREATE MATERIALIZED VIEW kept AS SELECT s, n FROM chosen WHERE {both("s", "n")};
    CREATE INDEX kept_some ON kept (n) WHERE {both("s", "n")};
    CREATE VIEW kept_again AS SELECT * FROM kept WHERE {both("s", "n")};
    CREATE POLICY seen ON things USING ({both("s", "n")}) WITH CHECK ({both("s", "n")});
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
    CREATE TRIGGER noted BEFORE UPDATE ON things FOR EACH ROW WHEN ({both("NEW.s", "NEW.n")}) EXECUTE FUNCTION note();
    ALTER TABLE things DISABLE TRIGGER noted;
    CREATE RULE kept AS ON DELETE TO things WHERE {both("OLD.s", "OLD.n")} DO INSTEAD NOTHING;
    CREATE FUNCTION is_some(s varchar, n int DEFAULT CASE WHEN {both("'a'::varchar", "2")} THEN 1 END) RETURNS bool
    LANGUAGE sql BEGIN ATOMIC SELECT {both("s", "n")}; END;
    """,
}


@contextmanager
def restored(server: Server, name: str, database: str) -> Iterator[str]:
    """A new database with a dump of the other one, made and read by the server's own programs."""
    other, programs = server.create_database(), BINARIES[name]
    dump = [programs / "pg_dump", "--format=custom", server.cluster.dsn(database)]
    made = subprocess.run(dump, check=True, capture_output=True)
    restore = [programs / "pg_restore", "--exit-on-error", f"--dbname={server.cluster.dsn(other)}"]
    subprocess.run(restore, check=True, input=made.stdout, capture_output=True)
    yield other
    server.drop_database(other)


def audited(server: Server, beginning: Beginning, database: str) -> TenantEntry:
    tenant = server.tenant(database)
    return audit(tenant, server.context(beginning.manifest, beginning.expected, tenant))


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """The server's name in `BINARIES`."""
    return str(request.node.callspec.params["server"])


@pytest.fixture
def expressions(server: Server) -> Beginning:
    manifest: Manifest = a_small_manifest(SCRIPTS, v2='requires = ["1"]')
    database = server.create_database()
    with server.session(database) as session:
        apply_manifest(session, manifest)
    return Beginning(manifest=manifest, expected=server.expected(manifest), template=database)


def test_expressions_come_back_in_another_form_and_are_equal(server: Server, name: str, expressions: Beginning) -> None:
    assert len(expressions.expected.restored_forms) > 12
    with restored(server, name, expressions.template) as database:
        found = audited(server, expressions, database)
        assert (found.verdict, found.unexpected) == (Verdict.READY, ())
        assert found.fingerprint in expressions.expected.known_fingerprints, "its objects need not be transferred"
        wrong = (
            "ALTER TABLE parents DROP CONSTRAINT parents_check, ADD CONSTRAINT parents_check CHECK (n BETWEEN 1 AND 6)"
        )
        server.execute(wrong, database)
        [difference] = audited(server, expressions, database).migrations[0].differences
        assert difference.identity == "public.parents.parents_check"
    server.drop_database(expressions.template)


def test_everything_is_equal(server: Server, name: str, beginnings: dict[str, Beginning]) -> None:
    everything = beginnings["everything"]
    with restored(server, name, everything.template) as database:
        assert audited(server, everything, database).verdict is Verdict.READY
