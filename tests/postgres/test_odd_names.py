"""Names that need quoting, from the replay to the difference."""

from pathlib import Path

import pytest
from fixtures.servers import Server, apply_manifest

from pgfleet.documents.audit import TenantEntry, Verdict
from pgfleet.postgres.read.audit import audit
from pgfleet.run.files import load_manifest

ODD_MANIFEST = """
format = 1

[[migrations]]
file = "1_odd.sql"
priority = "P0"
provides = "Objects with odd names"
"""
ODD_SCRIPT = """
CREATE TABLE "Weird Name" ("Odd.""Column" integer CONSTRAINT "The Key" PRIMARY KEY, "%s" text DEFAULT '%', c text);
CREATE INDEX "Weird; Index" ON "Weird Name" ("%s");
CREATE FUNCTION "Do It"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER "When.It Happens" BEFORE UPDATE ON "Weird Name" FOR EACH ROW EXECUTE FUNCTION "Do It"();
CREATE SEQUENCE "Count's";
CREATE SCHEMA "Own.Schema";
CREATE TABLE "Own.Schema"."Weird Name" (a integer);
"""
DOTS_SCRIPT = """
CREATE TABLE "a" ("b.c" integer);
CREATE TABLE "a.b" ("c" integer);
"""


class Odd:
    """A tenant with a manifest of that script alone, audited clean."""

    def __init__(self, server: Server, database: str, folder: Path, script: str) -> None:
        (folder / "manifest.toml").write_text(ODD_MANIFEST, encoding="utf-8")
        (folder / "1_odd.sql").write_text(script, encoding="utf-8")
        manifest = load_manifest(folder / "manifest.toml")
        with server.session(database) as session:
            apply_manifest(session, manifest)
        self._tenant = server.tenant(database)
        self._context = server.context(manifest, server.expected(manifest), self._tenant)
        clean = self._audit()
        assert (clean.verdict, clean.migrations[0].differences, clean.unexpected) == (Verdict.READY, (), ())

    def differences(self) -> list[tuple[str, str]]:
        """The kind and identity of each."""
        return [(each.kind, each.identity) for each in self._audit().migrations[0].differences]

    def _audit(self) -> TenantEntry:
        return audit(self._tenant, self._context)


@pytest.mark.parametrize(
    ("damage", "kind", "identity"),
    [
        ('DROP INDEX "Weird; Index"', "index", "public.Weird; Index"),
        ('ALTER TABLE "Weird Name" DROP COLUMN c', "column", "public.Weird Name.c"),
        ('ALTER TABLE "Weird Name" ALTER "%s" DROP DEFAULT', "column", "public.Weird Name.%s"),
        ('ALTER TABLE "Weird Name" DROP CONSTRAINT "The Key"', "constraint", "public.Weird Name.The Key"),
        ('DROP TRIGGER "When.It Happens" ON "Weird Name"', "trigger", 'public.Weird Name."When.It Happens"'),
        ('ALTER FUNCTION "Do It"() STABLE', "function", "public.Do It()"),
        ('DROP SEQUENCE "Count\'s"', "sequence", "public.Count's"),
        ('DROP TABLE "Own.Schema"."Weird Name"', "table", "Own.Schema.Weird Name"),
    ],
)
def test_names_that_need_quotes_work_from_the_replay_to_the_difference(
    server: Server, empty_database: str, tmp_path: Path, damage: str, kind: str, identity: str
) -> None:
    odd = Odd(server, empty_database, tmp_path, ODD_SCRIPT)
    server.execute(damage, empty_database)
    assert odd.differences() == [(kind, identity)]


def test_a_function_name_may_contain_parentheses(server: Server, empty_database: str, tmp_path: Path) -> None:
    odd = Odd(
        server, empty_database, tmp_path, """CREATE FUNCTION "Do (It)"() RETURNS text LANGUAGE sql AS 'SELECT 1'"""
    )
    server.execute('ALTER FUNCTION "Do (It)"() STABLE', empty_database)
    assert odd.differences() == [("function", "public.Do (It)()")]


@pytest.mark.parametrize(
    "damage", ['ALTER TABLE "a" DROP COLUMN "b.c"', 'ALTER TABLE "a.b" DROP COLUMN "c"'], ids=["a", "a.b"]
)
def test_columns_with_names_that_look_alike_differ(
    server: Server, empty_database: str, tmp_path: Path, damage: str
) -> None:
    odd = Odd(server, empty_database, tmp_path, DOTS_SCRIPT)
    server.execute(damage, empty_database)
    [(kind, _)] = odd.differences()
    assert kind == "column"
