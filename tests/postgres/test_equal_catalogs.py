"""Catalogs that count as equal: equivalent defaults, and databases with other settings."""

from collections.abc import Callable

import pytest
from fixtures.servers import Server, by_name, catalog_of

from pgfleet.catalog.objects import ObjectKind
from pgfleet.catalog.scope import EVERYTHING
from pgfleet.postgres.read.introspection import read_catalog
from pgfleet.postgres.session import Session

pytestmark = pytest.mark.every_version


@pytest.mark.parametrize(
    ("default", "read_as"),
    [
        ("uuid_generate_v4()", "gen_random_uuid()"),
        ("side.uuid_generate_v4()", "gen_random_uuid()"),
        ('"Odd ""Home".uuid_generate_v4()', "gen_random_uuid()"),
        ("gen_random_uuid()", "gen_random_uuid()"),
        ("md5(uuid_generate_v4()::text)::uuid", "(md5((uuid_generate_v4())::text))::uuid"),
        ("COALESCE(NULL, uuid_generate_v4())", "COALESCE(NULL::uuid, uuid_generate_v4())"),
    ],
)
def test_equivalent_defaults_are_equal(server: Server, empty_database: str, default: str, read_as: str) -> None:
    make = "CREATE FUNCTION {}.uuid_generate_v4() RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()'"
    for schema in ("side", '"Odd ""Home"'):
        server.execute(f"CREATE SCHEMA {schema}; {make.format(schema)}", empty_database)
    server.execute(make.format("public"), empty_database)
    server.execute(f"CREATE TABLE t (id uuid DEFAULT {default})", empty_database)
    with server.session(empty_database) as session:
        found = read_catalog(session, EVERYTHING, {"uuid_generate_v4()": "gen_random_uuid()"})
    assert by_name(found, ObjectKind.COLUMN)["t.id"].attributes["default"] == read_as


FOREIGN = (
    "CREATE TABLE t (größe text DEFAULT 'Ä'); CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT größe FROM t'"
)


@pytest.mark.parametrize(
    "options",
    ["ENCODING 'LATIN1' LOCALE 'C'", "ENCODING 'SQL_ASCII' LOCALE 'C'", "ENCODING 'UTF8' LOCALE 'C.UTF-8'"],
)
def test_encoding_and_locale_do_not_matter(server: Server, empty_database: str, options: str) -> None:
    server.execute(FOREIGN, empty_database)
    other = f"{empty_database}_other"
    server.execute(f"CREATE DATABASE {other} TEMPLATE template0 {options}")
    server.execute(FOREIGN, other)
    found, expected = catalog_of(server, other), catalog_of(server, empty_database)
    server.drop_database(other)
    assert found == expected


@pytest.mark.parametrize(
    "setting",
    [
        "quote_all_identifiers = on",
        "standard_conforming_strings = off",
        "search_path = side",
        "DateStyle = 'German'",
        "extra_float_digits = -5",
        "IntervalStyle = 'sql_standard'",
        "TimeZone = 'Asia/Kolkata'",
        "lc_messages = 'C'",
        "backslash_quote = off",
    ],
)
def test_database_settings_do_not_matter(server: Server, empty_database: str, setting: str) -> None:
    server.execute(
        """
        CREATE SCHEMA side;
        CREATE TABLE t (
          day date DEFAULT '2025-03-15' CHECK (day > '2020-01-31'),
          at timestamptz DEFAULT '2025-03-15 12:00+00',
          ratio float8 DEFAULT 0.1234567890123456,
          delay interval DEFAULT '1 day 02:00'
        );
        CREATE INDEX by_day ON t (day) WHERE at > '2025-03-15 12:00+00';
        CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT 'x' -- a
        $$;
        """,
        empty_database,
    )
    before = catalog_of(server, empty_database)
    server.execute(f"ALTER DATABASE {empty_database} SET {setting}")
    assert catalog_of(server, empty_database) == before


SCRIPT = """
CREATE TABLE c (g text[] DEFAULT '{NULL}', h text CHECK (h = NULL), q text DEFAULT E'\\'');
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;
"""
SETTINGS = ("array_nulls = off", "transform_null_equals = on", "backslash_quote = off", "xmloption = document")


@pytest.mark.parametrize("how", [Session.run_script, Session.run_outside_transaction])
def test_a_script_creates_the_same_objects_under_any_settings(
    server: Server, empty_database: str, how: Callable[[Session, str], None]
) -> None:
    with server.session(empty_database) as session:
        how(session, SCRIPT)
    other = server.create_database()
    for setting in SETTINGS:
        server.execute(f"ALTER DATABASE {other} SET {setting}")
    with server.session(other) as session:
        how(session, SCRIPT)
    found, expected = catalog_of(server, other), catalog_of(server, empty_database)
    server.drop_database(other)
    assert found == expected
