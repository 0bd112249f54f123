"""The definition that is read for every kind of object."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fixtures.servers import Server, attributes, by_name, catalog_of

from pgfleet.catalog.objects import Catalog, ObjectKind
from pgfleet.catalog.scope import Scope
from pgfleet.documents.audit import StampScope
from pgfleet.postgres.read.introspection import SCOPES, read_catalog
from pgfleet.run.shipped import sql_folder

pytestmark = pytest.mark.every_version

ZOO = (Path(__file__).parent / "zoo.sql").read_text(encoding="utf-8")
SINCE_15 = "CREATE UNIQUE INDEX one_amount ON plain USING btree (amount) NULLS NOT DISTINCT"
ODD = 'Odd "Schema.x'
SPAN = "subtype = double precision, subtype_diff = float8mi, multirange_type_name = span_multirange"


@pytest.fixture(scope="module")
def zoo_database(server: Server) -> Iterator[str]:
    name = server.create_database()
    server.execute(ZOO, name)
    if server.major >= 15:
        server.execute(SINCE_15, name)
    yield name
    server.drop_database(name)


@pytest.fixture(scope="module")
def zoo(server: Server, zoo_database: str) -> Catalog:
    return catalog_of(server, zoo_database)


def test_every_query_file_belongs_to_a_kind_or_is_listed_here() -> None:
    files = {path.stem for path in (sql_folder() / "introspection").glob("*.sql")}
    of_rows = {"seed_rows", "row_count", "changes", "activity", "fillable", "row_digests"}
    of_sessions = {
        "available_extensions",
        "connections",
        "defer_constraints",
        "may_create_databases",
        "search_path",
        "session",
    }
    assert files == {
        *ObjectKind,
        *SCOPES,
        *of_rows,
        *of_sessions,
        *(f"{scope}_stamp" for scope in StampScope),
        "line",
        "partitions",
        "summary",
        "summary_of_changes",
        "holders",
        "guard",
        "guard_closely",
        "home_path",
        "sequence_access",
        "table_sizes",
        "dependents",
        "dependents_that_exist",
        "lock_holders",
        "logins",
        "prepared_domains",
        "repair_facts",
    }


@pytest.mark.parametrize(
    ("home", "managed", "counted"),
    [("public", "orders", 5), ("shop", "orders", 2), ("public", "customers", None), ("shop", "customers", 2)],
)
def test_tables_are_counted_if_none_is_the_manifests(
    server: Server, home: str, managed: str, counted: int | None
) -> None:
    name = server.create_database()
    server.execute(
        """
        CREATE TABLE customers (id int); CREATE VIEW orders AS SELECT 1 AS id;
        CREATE TABLE parts (id int) PARTITION BY LIST (id); CREATE TABLE part PARTITION OF parts DEFAULT;
        CREATE SCHEMA shop; CREATE TABLE shop.items (id int); CREATE UNLOGGED TABLE shop.carts (id int);
        CREATE SCHEMA other; CREATE TABLE other.items (id int);
        CREATE SCHEMA pgfleet; CREATE TABLE pgfleet.ledger (id int);
        CREATE EXTENSION hstore SCHEMA shop; CREATE TABLE shop.member (id int);
        ALTER EXTENSION hstore ADD TABLE shop.member
        """,
        name,
    )
    scope = Scope(relations=((None, managed),), managed=(f"table||{managed}",))
    with server.session(name, home) as session:
        assert read_catalog(session, scope, {}).other_tables == counted


def test_schemas(zoo: Catalog) -> None:
    assert attributes(zoo, ObjectKind.SCHEMA) == {"side": {}, ODD: {}}
    assert by_name(zoo, ObjectKind.SCHEMA)[ODD].definition == 'CREATE SCHEMA "Odd ""Schema.x"'


def test_extensions(zoo: Catalog) -> None:
    assert attributes(zoo, ObjectKind.EXTENSION) == {"hstore": {"version": "1.8"}}
    assert by_name(zoo, ObjectKind.EXTENSION)["hstore"].definition == "CREATE EXTENSION hstore VERSION '1.8'"


def test_tables(zoo: Catalog) -> None:
    found = by_name(zoo, ObjectKind.TABLE)
    assert {name: (each.attributes["form"], each.attributes["unlogged"]) for name, each in found.items()} == {
        "plain": ("ordinary", False),
        "fleeting": ("ordinary", True),
        "split": ("partitioned", False),
        "split_by_note": ("partitioned", False),
        "far": ("foreign", False),
        "heir": ("ordinary", False),
        f"{ODD}|Weird Name": ("ordinary", False),
    }
    assert {name: each.definition for name, each in found.items()} == {
        "plain": (
            "CREATE TABLE plain;\nALTER TABLE plain ENABLE ROW LEVEL SECURITY;\n"
            "ALTER TABLE plain FORCE ROW LEVEL SECURITY;\n"
            "CREATE RULE keeps AS\n    ON DELETE TO plain\n   WHERE old.code::text = 'x'::text DO INSTEAD NOTHING"
        ),
        "fleeting": "CREATE UNLOGGED TABLE fleeting",
        "split": "CREATE TABLE split PARTITION BY RANGE (at)",
        "split_by_note": "CREATE TABLE split_by_note PARTITION BY LIST (note)",
        "far": "CREATE FOREIGN TABLE far SERVER elsewhere",
        "heir": "CREATE TABLE heir INHERITS (fleeting)",
        f"{ODD}|Weird Name": 'CREATE TABLE "Odd ""Schema.x"."Weird Name"',
    }


def test_tables_with_different_partitioning_differ(zoo: Catalog) -> None:
    found = attributes(zoo, ObjectKind.TABLE)
    assert found["split"] != found["split_by_note"]


def column(type_name: str, **others: Any) -> dict[str, Any]:
    plain = {"collation": None, "not_null": False, "identity": "", "generated": "", "default": None}
    return {"type": type_name, **plain, **others}


def test_columns(zoo: Catalog) -> None:
    assert attributes(zoo, ObjectKind.COLUMN) == {
        "plain.id": column("bigint", not_null=True, default="nextval('plain_id_seq'::regclass)"),
        "plain.code": column("character varying(8)", not_null=True, collation='"C"', default="'x'::character varying"),
        "plain.amount": column("numeric(10,2)"),
        "plain.doubled": column("numeric", generated="s", default="(amount * (2)::numeric)"),
        "plain.always": column("integer", not_null=True, identity="a"),
        "plain.by_default": column("smallint", not_null=True, identity="d"),
        "plain.tags": column("text[]", default="'{}'::text[]"),
        "plain.kept": column("side.hstore"),
        "plain.period": column("tsrange"),
        "fleeting.plain_id": column("bigint"),
        "heir.plain_id": column("bigint"),
        "split.at": column("date", not_null=True),
        "split.note": column("text"),
        "split_by_note.at": column("date", not_null=True),
        "split_by_note.note": column("text"),
        "far.id": column("integer", not_null=True),
        f'{ODD}|Weird Name."Odd.""Column"': column("integer", not_null=True, default="1"),
        f"{ODD}|Weird Name.SELECT": column("text"),
    }


def test_column_definitions(zoo: Catalog) -> None:
    found = {name: each.definition for name, each in by_name(zoo, ObjectKind.COLUMN).items()}
    assert found["plain.code"] == "character varying(8) COLLATE \"C\" NOT NULL DEFAULT 'x'::character varying"
    assert found["plain.doubled"] == "numeric GENERATED ALWAYS AS ((amount * (2)::numeric)) STORED"
    assert found["plain.always"] == "integer NOT NULL GENERATED ALWAYS AS IDENTITY"
    assert found["plain.by_default"] == "smallint NOT NULL GENERATED BY DEFAULT AS IDENTITY"
    assert found["plain.amount"] == "numeric(10,2)"


def test_constraints(zoo: Catalog) -> None:
    found = by_name(zoo, ObjectKind.CONSTRAINT)
    assert {name: (each.attributes["definition"], each.attributes["validated"]) for name, each in found.items()} == {
        "plain.plain_pkey": ("PRIMARY KEY (id)", True),
        "plain.code_known": (
            "CHECK (((code)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[])))",
            True,
        ),
        "plain.one_code": ("UNIQUE (code, amount)", True),
        "plain.no_overlap": ("EXCLUDE USING gist (period WITH &&)", True),
        "fleeting.fleeting_plain_id_fkey": ("FOREIGN KEY (plain_id) REFERENCES plain(id) ON DELETE CASCADE", True),
        "fleeting.late": ("CHECK ((plain_id > 0)) NOT VALID", False),
        "heir.late": ("CHECK ((plain_id > 0))", True),
        f"{ODD}|Weird Name.Weird Name_pkey": ('PRIMARY KEY ("Odd.""Column")', True),
    }


def index(definition: str, *, valid: bool = True) -> dict[str, Any]:
    return {"definition": definition, "valid": valid, "ready": valid}


def test_indexes(zoo: Catalog, server: Server) -> None:
    since_15 = {"one_amount": index(SINCE_15)} if server.major >= 15 else {}
    assert attributes(zoo, ObjectKind.INDEX) == since_15 | {
        "by_lower": index(
            "CREATE INDEX by_lower ON plain USING btree (lower(code::text) text_pattern_ops DESC, amount)"
            " INCLUDE (tags) WHERE amount > 0::numeric"
        ),
        "broken": index("CREATE INDEX broken ON plain USING btree (tags)", valid=False),
        "split_note": index("CREATE INDEX split_note ON ONLY split USING btree (note)"),
        f'{ODD}|Weird."Index': index(
            'CREATE INDEX "Weird.""Index" ON "Odd ""Schema.x"."Weird Name" USING btree ("SELECT")'
        ),
    }


def test_an_invalid_index_is_marked_invalid(zoo: Catalog) -> None:
    definition = by_name(zoo, ObjectKind.INDEX)["broken"].definition
    assert definition == "CREATE INDEX broken ON plain USING btree (tags) (INVALID: no query uses it)"


def trigger(definition: str, enabled: str = "O") -> dict[str, Any]:
    return {"definition": definition, "enabled": enabled}


def test_triggers(zoo: Catalog) -> None:
    after = "CREATE TRIGGER {} AFTER DELETE ON plain FOR EACH STATEMENT EXECUTE FUNCTION stamp()"
    assert attributes(zoo, ObjectKind.TRIGGER) == {
        "plain.stamps": trigger(
            "CREATE TRIGGER stamps BEFORE INSERT OR UPDATE OF code ON plain FOR EACH ROW"
            " WHEN (new.code::text <> 'y'::text) EXECUTE FUNCTION stamp('now')"
        ),
        "plain.off": trigger(after.format("off"), "D"),
        "plain.replica": trigger(after.format("replica"), "R"),
        "plain.always": trigger(after.format("always"), "A"),
        "plain.checked": trigger(
            "CREATE CONSTRAINT TRIGGER checked AFTER INSERT ON plain DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION stamp()"
        ),
    }


def test_a_disabled_trigger_is_marked_disabled(zoo: Catalog) -> None:
    found = {name: each.definition.partition(" (")[2] for name, each in by_name(zoo, ObjectKind.TRIGGER).items()}
    assert found["plain.off"] == "DISABLED: it never fires)"
    assert found["plain.replica"] == "ENABLED REPLICA: it fires on a replica only)"
    assert found["plain.always"] == "ENABLED ALWAYS)"
    assert found["plain.checked"] == ""


def function(arguments: str, returns: str | None, body: str, language: str = "sql", **others: Any) -> dict[str, Any]:
    plain = {"kind": "f", "volatility": "v", "strict": False, "security_definer": False, "settings": None}
    plain |= {"leakproof": False, "parallel": "u"}
    return {**plain, "arguments": arguments, "returns": returns, "language": language, "body": body, **others}


def test_functions(zoo: Catalog) -> None:
    assert attributes(zoo, ObjectKind.FUNCTION) == {
        "stamp()": function("", "trigger", "begin return new ; end", "plpgsql"),
        "side|sum_of(integer, integer)": function(
            "a integer, b integer DEFAULT 2, OUT total integer",
            "integer",
            "select a + b",
            volatility="i",
            strict=True,
            security_definer=True,
            parallel="s",
            settings=["search_path=side", "work_mem=1MB"],
        ),
        "parts_of(numeric[])": function(
            "VARIADIC parts numeric[]", "TABLE(n integer, part numeric)", "begin end", "plpgsql", volatility="s"
        ),
        "standard(integer)": function("n integer", "integer", "BEGIN ATOMIC\n SELECT (n + 1);\nEND"),
        "tidy(integer)": function("IN days integer", None, "begin null ; end", "plpgsql", kind="p"),
        "builtin(integer)": function("integer", "integer", "int4abs", "internal", volatility="i"),
        f"{ODD}|Do It(integer)": function('"Some Arg" integer', "integer", "select 1"),
    }


def sequence(maximum: int, owned_by: str | None, type_name: str = "bigint", **others: Any) -> dict[str, Any]:
    plain = {"start": 1, "increment": 1, "minimum": 1, "cache": 1, "cycle": False, "unlogged": False}
    return {**plain, "type": type_name, "maximum": maximum, "owned_by": owned_by, **others}


def test_sequences(zoo: Catalog) -> None:
    big, integer, small = 2**63 - 1, 2**31 - 1, 2**15 - 1
    assert attributes(zoo, ObjectKind.SEQUENCE) == {
        "plain_id_seq": sequence(big, "plain.id"),
        "plain_always_seq": sequence(integer, "plain.always", "integer"),
        "plain_by_default_seq": sequence(small, "plain.by_default", "smallint"),
        "counting": sequence(9, None, "smallint", start=5, increment=-2, minimum=-9, cache=3, cycle=True),
        "side|counting": sequence(big, None),
        f"{ODD}|Weird Seq": sequence(big, 'Weird Name.Odd."Column'),
    }
    assert by_name(zoo, ObjectKind.SEQUENCE)["counting"].definition == (
        "CREATE SEQUENCE counting AS smallint START 5 INCREMENT -2 MINVALUE -9 MAXVALUE 9 CACHE 3 CYCLE"
    )


def test_function_definitions_omit_the_home_schema(zoo: Catalog) -> None:
    found = {name: each.definition for name, each in by_name(zoo, ObjectKind.FUNCTION).items()}
    assert found["stamp()"].startswith("CREATE OR REPLACE FUNCTION stamp()\n")
    assert found["tidy(integer)"].startswith("CREATE OR REPLACE PROCEDURE tidy(IN days integer)\n")
    assert found["side|sum_of(integer, integer)"].startswith("CREATE OR REPLACE FUNCTION side.sum_of(")


def view(query: str, columns: list[str], *, materialized: bool = False, **others: Any) -> dict[str, Any]:
    plain = {"options": None, "rules": None}
    return {**plain, "query": query, "columns": columns, "materialized": materialized, **others}


def test_views(zoo: Catalog, server: Server) -> None:
    # Before version 16 a column is written with its table even where there is one only.
    query = (
        " SELECT id,\n    code\n   FROM plain"
        if server.major >= 16
        else " SELECT plain.id,\n    plain.code\n   FROM plain"
    )
    assert attributes(zoo, ObjectKind.VIEW) == {
        "seen": view(query, ["id bigint", "code character varying(8)"])
        | {"options": ["check_option=local", "security_barrier=true"]},
        "stored": view(" SELECT 1 AS one", ["one integer"], materialized=True),
    }
    found = {name: each.definition for name, each in by_name(zoo, ObjectKind.VIEW).items()}
    assert found["stored"] == "CREATE MATERIALIZED VIEW stored AS\n SELECT 1 AS one"
    assert found["seen"].startswith("CREATE VIEW seen WITH (check_option=local, security_barrier=true) AS\n SELECT")


def test_types(zoo: Catalog) -> None:
    assert attributes(zoo, ObjectKind.TYPE) == {
        "pair": {"form": "composite", "attributes": ["a integer", 'b text COLLATE "C"']},
        "mood": {"form": "enum", "labels": ["so, so", "good"]},
        "share": {
            "form": "domain",
            "base": "numeric(3,2)",
            "not_null": True,
            "default": "0.5",
            "constraints": {"within": "CHECK (((VALUE >= (0)::numeric) AND (VALUE <= (1)::numeric)))"},
        },
        "side|span": {"form": "range", "subtype": SPAN},
    }
    assert {name: each.definition for name, each in by_name(zoo, ObjectKind.TYPE).items()} == {
        "pair": 'CREATE TYPE pair AS (a integer, b text COLLATE "C")',
        "mood": "CREATE TYPE mood AS ENUM ('so, so', 'good')",
        "share": (
            "CREATE DOMAIN share AS numeric(3,2) DEFAULT 0.5 NOT NULL"
            " CONSTRAINT within CHECK (((VALUE >= (0)::numeric) AND (VALUE <= (1)::numeric)))"
        ),
        "side|span": f"CREATE TYPE side.span AS RANGE ({SPAN})",
    }


def test_policies(zoo: Catalog) -> None:
    assert attributes(zoo, ObjectKind.POLICY) == {
        "plain.all_may_see": {
            "command": "SELECT", "permissive": True, "roles": ["PUBLIC"], "using": "true", "check": None,
        },
        "plain.few": {
            "command": "ALL",
            "permissive": False,
            "roles": ["pg_monitor", "pg_read_all_data"],
            "using": "(amount > (0)::numeric)",
            "check": "(amount < (9)::numeric)",
        },
    }  # fmt: skip
    assert by_name(zoo, ObjectKind.POLICY)["plain.few"].definition == (
        "CREATE POLICY few ON plain AS RESTRICTIVE FOR ALL TO pg_monitor, pg_read_all_data"
        " USING ((amount > (0)::numeric)) WITH CHECK ((amount < (9)::numeric))"
    )


def test_privileges(zoo: Catalog) -> None:
    assert {name: each.definition for name, each in by_name(zoo, ObjectKind.PRIVILEGE).items()} == {
        "plain SELECT TO pg_monitor": "GRANT SELECT ON TABLE plain TO pg_monitor",
        "plain INSERT TO pg_monitor": "GRANT INSERT ON TABLE plain TO pg_monitor WITH GRANT OPTION",
        "plain.code UPDATE TO PUBLIC": "GRANT UPDATE (code) ON TABLE plain TO PUBLIC",
        "counting USAGE TO pg_monitor": "GRANT USAGE ON SEQUENCE counting TO pg_monitor",
        "side|SCHEMA USAGE TO pg_monitor": "GRANT USAGE ON SCHEMA side TO pg_monitor",
        "tidy(integer) EXECUTE NOT TO PUBLIC": ("REVOKE EXECUTE ON ROUTINE tidy(integer) FROM PUBLIC"),
        "mood USAGE TO pg_monitor": "GRANT USAGE ON TYPE mood TO pg_monitor",
    }


def test_objects_name_their_table(zoo: Catalog) -> None:
    parents = {each.identity.name: each.parent for each in zoo.managed or ()}
    assert parents["plain.code"] == parents["plain.one_code"] == parents["by_lower"] == parents["plain.off"] == "plain"
    assert parents["plain_id_seq"] == "plain"
    assert parents["counting"] is None
    assert parents["plain"] is None
    assert parents["stamp()"] is None
    assert parents["plain SELECT TO pg_monitor"] == parents["plain.few"] == "plain"
    assert parents["plain.code UPDATE TO PUBLIC"] == "plain.code"


def test_a_virtual_column_differs_from_a_stored_one(server: Server, empty_database: str) -> None:
    """Version 18 has both, and creates virtual ones by default; earlier versions have only stored ones."""
    ways = ("STORED", "VIRTUAL") if server.major >= 18 else ("STORED",)
    for kind in ways:
        server.execute(f"CREATE TABLE {kind} (a integer, b integer GENERATED ALWAYS AS (a + 1) {kind})", empty_database)
    columns = by_name(catalog_of(server, empty_database), ObjectKind.COLUMN)
    found = {columns[f"{kind.lower()}.b"].definition for kind in ways}
    assert found == {f"integer GENERATED ALWAYS AS ((a + 1)) {kind}" for kind in ways}


def test_objects_out_of_scope_are_not_read(server: Server, zoo_database: str) -> None:
    scope = Scope(relations=((None, "fleeting"),), functions=((None, "stamp"),), managed=("table||fleeting",))
    found = catalog_of(server, zoo_database, scope)
    assert [each.identity.key for each in found.managed or ()] == ["table||fleeting"]
    assert {each.identity.key for each in found.unexpected} == {
        "column||fleeting.plain_id",
        "constraint||fleeting.fleeting_plain_id_fkey",
        "constraint||fleeting.late",
        "function||stamp()",
    }


def test_everything_in_a_managed_schema_is_in_scope(server: Server, zoo_database: str) -> None:
    found = catalog_of(server, zoo_database, Scope(schemas=("side",), managed=("schema||side",)))
    assert [each.identity.key for each in found.managed or ()] == ["schema||side"]
    assert {each.identity.key for each in found.unexpected} == {
        "function|side|sum_of(integer, integer)",
        "sequence|side|counting",
        "type|side|span",
    }


def test_an_extension_that_is_not_managed_is_not_read(server: Server, zoo_database: str) -> None:
    assert catalog_of(server, zoo_database, Scope(extensions=("pg_trgm",))).unexpected == ()
    [found] = catalog_of(server, zoo_database, Scope(extensions=("hstore",))).unexpected
    assert found.identity.key == "extension||hstore"


def test_an_empty_scope_reads_nothing(server: Server, zoo_database: str) -> None:
    found = catalog_of(server, zoo_database, Scope())
    assert (found.managed, found.unexpected, found.unreadable) == ((), (), ())


def test_the_fingerprint_covers_the_managed_objects_only(server: Server, zoo_database: str) -> None:
    scope = Scope(relations=((None, "fleeting"),), managed=("table||fleeting", "column||fleeting.plain_id"))
    before = catalog_of(server, zoo_database, scope)
    server.execute("ALTER TABLE fleeting ADD COLUMN more text", zoo_database)
    with_more = catalog_of(server, zoo_database, scope)
    server.execute("ALTER TABLE fleeting DROP COLUMN more, ALTER COLUMN plain_id SET DEFAULT 1", zoo_database)
    changed = catalog_of(server, zoo_database, scope)
    server.execute("ALTER TABLE fleeting ALTER COLUMN plain_id DROP DEFAULT", zoo_database)
    assert with_more.fingerprint == before.fingerprint != changed.fingerprint
    assert catalog_of(server, zoo_database, scope) == before
