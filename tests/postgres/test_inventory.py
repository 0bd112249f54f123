"""Every kind of inventory, read from real servers."""

from collections.abc import Callable, Iterator
from urllib.parse import quote

import psycopg
import pytest
from fixtures.proxy import CuttingProxy
from fixtures.servers import ROLE_PASSWORD, Server

from pgfleet.errors import FleetError, InventoryUnreadable
from pgfleet.fleet.model import Environment
from pgfleet.fleet.parse import build_environment, parse_fleet
from pgfleet.fleet.secret import Dsn
from pgfleet.postgres.dsn import server as server_name
from pgfleet.postgres.read.inventory import read_inventories
from pgfleet.run.connection_limiter import ConnectionLimiter
from pgfleet.run.context import limiter_for

CONTROL = """
CREATE TABLE tenants (name text, dsn text, dbname text, schema text, ring text, state text, region text, seats int,
                      labels jsonb);
INSERT INTO tenants VALUES
  ('acme', NULL, 'inv_a', NULL, 'canary', 'active', 'eu', 5, '{"tier": "gold", "beta": true}'),
  ('borealis', NULL, 'inv_b', 'app', NULL, 'Suspended', 'eu', 7, NULL),
  ('cobalt', 'host=c password=${COBALT}', NULL, NULL, NULL, NULL, 'us', NULL, '{}'),
  ('dynamo', NULL, NULL, NULL, NULL, 'provisioning', NULL, NULL, NULL),
  ('100%', NULL, NULL, 'app', 'main', 'active', NULL, NULL, NULL);
CREATE SCHEMA inv_s1; CREATE SCHEMA inv_s2; CREATE SCHEMA "Inv S3"; CREATE SCHEMA pgfleet; CREATE SCHEMA other;
"""
DATABASES = ("inv_a", "inv_b", 'inv "C"', "inv_template", "inv_closed", "pgfleet_scratch_inv_x")


@pytest.fixture(scope="module")
def control(server: Server) -> Iterator[str]:
    """A control plane's database on a server with some tenants' databases, and a role that may only look."""
    for name in DATABASES:
        server.execute(f"CREATE DATABASE {psycopg.sql.Identifier(name).as_string()}")
    server.execute("ALTER DATABASE inv_template IS_TEMPLATE true")
    server.execute("ALTER DATABASE inv_closed ALLOW_CONNECTIONS false")
    name = server.create_database()
    server.execute(CONTROL, name)
    yield name
    server.execute("ALTER DATABASE inv_template IS_TEMPLATE false")
    for each in (*DATABASES, name):
        server.execute(f"DROP DATABASE {psycopg.sql.Identifier(each).as_string()} WITH (FORCE)")


def environment(*inventories: str, more: str = "") -> Environment:
    tables = "".join(f"[[environments.prod.inventory]]\n{each}\n" for each in inventories)
    text = f'[environments.prod]\nrings = ["canary", "main"]\nconnect_timeout = "2s"\n{more}\n{tables}'
    return build_environment(parse_fleet(text, file="fleet.toml"), "prod", {"COBALT": "s3cret"}, file="fleet.toml")


def read(
    *inventories: str, more: str = "", names: list[str] | None = None, limiter: ConnectionLimiter | None = None
) -> Environment:
    unread = environment(*inventories, more=more)
    limiter = limiter or limiter_for(unread.policy)
    return read_inventories(unread, {"COBALT": "s3cret"}, file="fleet.toml", limiter=limiter, names=names)


def names(found: Environment) -> list[str]:
    return [each.name for each in found.tenants]


def databases(dsn: str, pattern: str = 'like = "inv%"') -> str:
    return f'kind = "databases"\ndsn = "{dsn}"\n{pattern}'


def schemas(dsn: str, pattern: str = 'like = "inv%"') -> str:
    return f'kind = "schemas"\ndsn = "{dsn}"\n{pattern}'


def query(dsn: str, sql: str = "SELECT * FROM tenants ORDER BY name DESC") -> str:
    return f"kind = \"query\"\ndsn = \"{dsn}\"\nquery = '''{sql}'''"


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ('like = "inv%"', ['inv "C"', "inv_a", "inv_b"]),
        ("like = 'inv\\_%'", ["inv_a", "inv_b"]),
        ("regex = '^inv_[a-z]$'", ["inv_a", "inv_b"]),
        ("regex = 'scratch|closed|template|^inv_b'", ["inv_b"]),
        ('like = "nothing%"', []),
    ],
)
def test_matching_databases_without_templates_and_closed_ones(
    server: Server, control: str, pattern: str, found: list[str]
) -> None:
    assert names(read(databases(server.cluster.dsn(), pattern))) == found


def test_a_database_gets_the_inventorys_connection_string(server: Server, control: str) -> None:
    server.execute("DROP ROLE IF EXISTS looker")
    server.execute(f"CREATE ROLE looker LOGIN PASSWORD '{ROLE_PASSWORD}'")
    dsn = server.cluster.dsn("postgres", "looker", password=ROLE_PASSWORD)
    found = read(databases(dsn) + '\nring = "canary"\nlabels = {cloud = "x"}\nschema = "app"')
    assert [(each.ring, each.home, dict(each.labels)) for each in found.tenants] == [
        ("canary", "app", {"cloud": "x"})
    ] * 3
    for tenant in found.tenants:
        with psycopg.connect(tenant.dsn.text) as connection:
            assert (connection.info.dbname, connection.info.user) == (tenant.name, "looker")


def test_a_tenant_can_have_another_connection_string(server: Server, control: str) -> None:
    own = 'tenant_dsn = "postgresql://app:${COBALT}@db1:6432/any?sslmode=require"'
    [tenant] = read(databases(server.cluster.dsn(), 'like = "inv_a"') + f"\n{own}").tenants
    assert psycopg.conninfo.conninfo_to_dict(tenant.dsn.text) == {
        "user": "app",
        "password": "s3cret",
        "host": "db1",
        "port": "6432",
        "dbname": "inv_a",
        "sslmode": "require",
    }
    assert "s3cret" in tenant.dsn.secrets


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ('like = "inv%"', ["inv_s1", "inv_s2"]),
        ("regex = '(?i)^inv'", ["Inv S3", "inv_s1", "inv_s2"]),
        ('like = "%"', ["Inv S3", "inv_s1", "inv_s2", "other", "public"]),
    ],
)
def test_matching_schemas_without_system_schemas_and_the_ledgers(
    server: Server, control: str, pattern: str, found: list[str]
) -> None:
    environment = read(schemas(server.cluster.dsn(control), pattern))
    assert [(each.name, each.home) for each in environment.tenants] == [(name, name) for name in found]
    assert {each.dsn.text for each in environment.tenants} == {server.cluster.dsn(control)}


def test_a_query_gives_connection_details_and_skipped_tenants(server: Server, control: str) -> None:
    found = read(query(server.cluster.dsn(control)))
    told = [(each.name, each.ring, each.home, dict(each.labels)) for each in found.tenants]
    assert told == [
        ("cobalt", "main", "public", {"region": "us"}),
        ("acme", "canary", "public", {"region": "eu", "seats": "5", "tier": "gold", "beta": "true"}),
        ("100%", "main", "app", {}),
    ]
    cobalt, acme, percent = found.tenants
    assert (cobalt.dsn.text, cobalt.dsn.secrets) == ("host=c password=s3cret", ("s3cret",))
    assert psycopg.conninfo.conninfo_to_dict(acme.dsn.text)["dbname"] == "inv_a"
    assert percent.dsn.text == server.cluster.dsn(control)
    assert [(each.name, each.reason, dict(each.labels)) for each in found.skipped] == [
        ("dynamo", "its state is provisioning", {}),
        ("borealis", "its state is Suspended", {"region": "eu", "seats": "7"}),
    ]


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT 'x%' AS name, 'd' AS dbname WHERE 'abc' LIKE 'a%' -- the end", ["x%"]),
        ("VALUES (1)", None),
        ("WITH w AS (SELECT 7 AS name) SELECT name, 'd' AS dbname FROM w;", ["7"]),
        ("SELECT gen_random_uuid() AS id, 'n'::name AS name, 'd'::varchar AS dbname, now() AS since", ["n"]),
        ("SELECT 'a' AS name, 'd' AS dbname WHERE false", []),
    ],
)
def test_any_select_works(server: Server, control: str, sql: str, found: list[str] | None) -> None:
    if found is None:
        with pytest.raises(FleetError, match="query returns no column 'name'"):
            read(query(server.cluster.dsn(control), sql))
    else:
        assert names(read(query(server.cluster.dsn(control), sql))) == found


def test_several_inventories_and_a_list_make_one_fleet(server: Server, control: str) -> None:
    listed = '[[environments.prod.tenants]]\nname = "listed"\ndsn = "host=h"\n'
    found = read(
        databases(server.cluster.dsn(), 'like = "inv_a"'),
        schemas(server.cluster.dsn(control)) + '\nname = "schemas"',
        query(server.cluster.dsn(control)),
        more=listed,
    )
    assert [(each.name, each.inventory) for each in found.tenants] == [
        ("listed", None),
        ("inv_a", "inventory[0]"),
        ("inv_s1", "inventory[1] (schemas)"),
        ("inv_s2", "inventory[1] (schemas)"),
        ("cobalt", "inventory[2]"),
        ("acme", "inventory[2]"),
        ("100%", "inventory[2]"),
    ]


def test_a_tenant_in_two_inventories_is_an_error_that_names_both(server: Server, control: str) -> None:
    twice = databases(server.cluster.dsn(), 'like = "inv_a"')
    with pytest.raises(FleetError) as caught:
        read(twice, twice + '\nname = "again"')
    line = "fleet.toml: environments.prod.inventory[1] (again): tenant 'inv_a' is already in inventory[0]"
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("table", "line"),
    [
        (lambda dsn: databases(dsn, "regex = '(('"), "regex is rejected by {server}: invalid regular expression"),
        (lambda dsn: databases(dsn, "like = 'inv\\'"), "like is rejected by {server}: LIKE pattern must not end"),
        (lambda dsn: query(dsn, "SELECT 1 AS nom"), "query returns no column 'name'"),
        (lambda dsn: query(dsn, "SELECT 1 AS nom WHERE false"), "query returns no column 'name'"),
        (lambda dsn: query(dsn, "SELECT 'a' AS name, 'b' AS name"), "query is rejected by {server}: column reference"),
        (lambda dsn: query(dsn, "SELECT name FROM nowhere"), 'query is rejected by {server}: relation "nowhere" does'),
        (lambda dsn: query(dsn, "SELECT 'a' AS name"), "tenant 'a' needs a dsn, a dbname, or a schema"),
        (lambda dsn: query(dsn, "SELECT NULL AS name, 'd' AS dbname"), "returns a row without a name"),
        (
            lambda dsn: query(dsn, "SELECT name, 'd' AS dbname, 'x' AS ring FROM tenants WHERE name = 'acme'"),
            "tenant 'acme': ring 'x' is not in rings: canary, main",
        ),
        (lambda _: databases("nonsense"), "dsn is no connection string that libpq understands"),
    ],
    ids=["regex", "like", "no name", "no name, no rows", "two names", "relation", "nowhere", "null", "ring", "dsn"],
)
def test_a_wrong_inventory_is_an_error_of_the_fleet_file(
    server: Server, control: str, table: Callable[[str], str], line: str
) -> None:
    with pytest.raises(FleetError) as caught:
        read(table(server.cluster.dsn(control)))
    expected = line.format(server=f"127.0.0.1:{server.cluster.port}")
    assert str(caught.value).startswith(f"fleet.toml: environments.prod.inventory[0]: {expected}")
    assert len(str(caught.value).splitlines()) == 1


def test_a_query_that_writes_is_rejected(server: Server, control: str) -> None:
    server.execute("CREATE SEQUENCE numbers", control)
    with pytest.raises(FleetError, match="query is rejected"):
        read(query(server.cluster.dsn(control), "SELECT nextval('numbers')::text AS name"))


def test_a_query_timeout_is_not_an_error_of_the_fleet_file(server: Server, control: str) -> None:
    slow = query(server.cluster.dsn(control), "SELECT 'a' AS name, 'd' AS dbname FROM pg_sleep(30)")
    with pytest.raises(InventoryUnreadable, match="canceling statement due to statement timeout"):
        read(slow, more='statement_timeout = "100ms"')


@pytest.mark.parametrize(
    ("dsn", "said"),
    [
        ("postgresql://postgres@127.0.0.1:1/postgres", "nothing listens on"),
        ("postgresql://postgres:Wr0ng@127.0.0.1:{port}/postgres", "password authentication failed"),
        ("postgresql://looker2:{password}@127.0.0.1:{port}/{control}", "permission denied for table tenants"),
    ],
    ids=["nobody answers", "wrong password", "no right"],
)
def test_an_unreadable_inventory_does_not_read_as_empty(server: Server, control: str, dsn: str, said: str) -> None:
    server.execute("DROP ROLE IF EXISTS looker2")
    server.execute(f"CREATE ROLE looker2 LOGIN PASSWORD '{ROLE_PASSWORD}'")
    where = dsn.format(port=server.cluster.port, password=quote(ROLE_PASSWORD, safe=""), control=control)
    with pytest.raises(InventoryUnreadable, match=said) as caught:
        read(databases(server.cluster.dsn()), query(where))
    line = str(caught.value)
    assert line.startswith("fleet.toml: environments.prod.inventory[1]: could not be read from 127.0.0.1:")
    assert line.endswith("; the tenants are unknown")
    assert "Wr0ng" not in line
    assert ROLE_PASSWORD not in line


def test_a_lost_connection_is_retried(embedded_server: Server, cutting_proxy: Callable[[bytes], CuttingProxy]) -> None:
    proxy = cutting_proxy(b"datallowconn")
    dsn = embedded_server.cluster.dsn().replace(f":{embedded_server.cluster.port}/", f":{proxy.port}/")
    assert names(read(databases(dsn, 'like = "postgre_"'))) == ["postgres"]
    assert (proxy.connections, proxy.cuts) == (2, 1)


@pytest.mark.parametrize("kind", ["databases", "schemas", "query"])
def test_a_wave_queries_only_its_own_tenants(server: Server, control: str, kind: str) -> None:
    dsn = server.cluster.dsn(control)
    table = {"databases": databases(dsn), "schemas": schemas(dsn), "query": query(dsn)}[kind]
    everyone = names(read(table))
    for name in everyone:
        assert names(read(table, names=[name, "gone", "it's"])) == [name]
    assert names(read(table, names=[])) == []


def test_no_inventory_is_queried_if_the_fleet_file_lists_every_tenant() -> None:
    listed = '[[environments.prod.tenants]]\nname = "listed"\ndsn = "host=h"\n'
    nobody = databases("postgresql://postgres@127.0.0.1:1/postgres")
    assert names(read(nobody, more=listed, names=["listed"])) == ["listed"]
    with pytest.raises(InventoryUnreadable):
        read(nobody, more=listed, names=["listed", "another"])


def test_a_thousand_tenants_take_one_connection(
    embedded_server: Server, cutting_proxy: Callable[[bytes], CuttingProxy]
) -> None:
    proxy = cutting_proxy(b"never sent")
    dsn = embedded_server.cluster.dsn().replace(f":{embedded_server.cluster.port}/", f":{proxy.port}/")
    many = "SELECT 't' || n AS name, 'd' || n AS dbname FROM generate_series(1, 1000) AS n"
    assert len(read(query(dsn, many)).tenants) == 1_000
    assert proxy.connections == 1


def test_an_inventory_is_read_within_the_connection_limit(
    embedded_server: Server, cutting_proxy: Callable[[bytes], CuttingProxy]
) -> None:
    """It waits for a connection, and is not retried after a timeout."""
    proxy = cutting_proxy(b"never sent")
    dsn = embedded_server.cluster.dsn().replace(f":{embedded_server.cluster.port}/", f":{proxy.port}/")
    limiter = ConnectionLimiter(1, timeout_seconds=0.2)
    release = limiter.acquire(server_name(Dsn(dsn)))
    with pytest.raises(InventoryUnreadable, match=r"connection limit of .* reached \(1\)"):
        read(databases(dsn, 'like = "postgre_"'), limiter=limiter)
    assert proxy.connections == 0
    release()
    both = databases(dsn, 'like = "postgre_"'), query(dsn, "SELECT 'a' AS name, 'd' AS dbname")
    assert names(read(*both, limiter=limiter)) == ["postgres", "a"]
    limiter.acquire(server_name(Dsn(dsn)))()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name, dsn AS dbname, dsn::int AS port FROM tenants",
        "SELECT name, dsn AS dbname, (dsn || '{')::jsonb AS more FROM tenants",
    ],
)
def test_an_error_does_not_repeat_values_that_were_read(server: Server, control: str, sql: str) -> None:
    server.execute("UPDATE tenants SET dsn = 'host=c password=Pw7' WHERE name = 'cobalt'", control)
    with pytest.raises((FleetError, InventoryUnreadable), match="SQLSTATE 22P02") as caught:
        read(query(server.cluster.dsn(control), sql))
    assert "Pw7" not in str(caught.value)
