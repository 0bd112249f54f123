"""Inventories in the fleet file, and the tenants from their rows."""

from collections.abc import Sequence
from typing import Any

import pytest

from pgfleet.errors import FleetError
from pgfleet.fleet.inventory import InventoryRow, TenantBuilder, add_inventory_tenants, read_record
from pgfleet.fleet.model import Environment, Inventory, InventoryKind, SkippedTenant, Tenant
from pgfleet.fleet.parse import build_environment, parse_fleet
from pgfleet.fleet.secret import Dsn

PROD = '[environments.prod]\nrings = ["canary", "main"]\n'
ONE = "[environments.prod.inventory]\n"
MANY = "[[environments.prod.inventory]]\n"
DATABASES = 'kind = "databases"\ndsn = "host=h password=${PASSWORD}"\nlike = "tenant_%"\n'
QUERY = 'kind = "query"\ndsn = "host=h"\nquery = "SELECT name, dsn FROM tenants"\n'
NAMES = "must have 1 to 100 characters, without control characters or other invisible ones"


def read(text: str, **variables: str) -> Environment:
    return build_environment(parse_fleet(text, file="fleet.toml"), "prod", variables, file="fleet.toml")


def refusal(text: str) -> str:
    with pytest.raises(FleetError) as caught:
        read(text, PASSWORD="p")
    return str(caught.value).removeprefix("fleet.toml: environments.prod.")


def an_inventory(**changes: Any) -> Inventory:
    [inventory] = read(PROD + ONE + QUERY).inventories
    return Inventory(**{**{name: getattr(inventory, name) for name in Inventory.__slots__}, **changes})


def in_database(dsn: Dsn, name: str) -> Dsn:
    return Dsn(f"{dsn.text} dbname={name}", dsn.secrets)


def tenants(inventory: Inventory, *rows: InventoryRow, **values: str) -> tuple[Tenant, ...]:
    reading = TenantBuilder(inventory, read(PROD + ONE + QUERY), values, in_database, file="fleet.toml")
    return reading.tenants(rows)[0]


def row_refusal(row: InventoryRow, **changes: Any) -> str:
    with pytest.raises(FleetError) as caught:
        tenants(an_inventory(**changes), row)
    return str(caught.value)


def test_everything_that_is_written_is_in_the_inventory() -> None:
    more = 'name = "eu"\nring = "canary"\nschema = "app"\nlabels = {cloud = "x"}\n'
    own = 'tenant_dsn = "host=t password=${OTHER}"\nskip_states = ["Closed"]\n'
    [first, second] = read(PROD + MANY + DATABASES + MANY + QUERY + more + own, PASSWORD="p", OTHER="o").inventories
    assert first == Inventory(
        key="inventory[0]",
        name=None,
        kind=InventoryKind.DATABASES,
        dsn=Dsn("host=h password=p", ("p",)),
        tenant_dsn=None,
        like="tenant_%",
        regex=None,
        query=None,
        home="public",
        ring="main",
        labels={},
        skip_states=frozenset({"suspended", "provisioning", "deprovisioning", "archived", "deleted"}),
    )
    assert (second.title, second.ring, second.home, dict(second.labels), second.skip_states) == (
        "inventory[1] (eu)",
        "canary",
        "app",
        {"cloud": "x"},
        frozenset({"closed"}),
    )
    assert second.tenant_dsn == Dsn("host=t password=o", ("o",))


def test_one_inventory_is_a_table_and_needs_no_place() -> None:
    [inventory] = read(PROD + ONE + DATABASES, PASSWORD="p").inventories
    assert inventory.title == "inventory"


def test_an_inventory_may_stand_beside_listed_tenants() -> None:
    listed = "[[environments.prod.tenants]]\nname = 'acme'\ndsn = 'host=h'\n"
    environment = read(PROD + ONE + DATABASES + listed, PASSWORD="p")
    assert ([each.name for each in environment.tenants], len(environment.inventories)) == (["acme"], 1)


def test_a_query_is_one_statement_without_its_semicolon() -> None:
    [inventory] = read(PROD + ONE + QUERY.replace("tenants", "tenants;")).inventories
    assert inventory.query == "SELECT name, dsn FROM tenants"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(ONE + DATABASES + "colour = 1", "inventory.colour: unknown key", id="unknown key"),
        pytest.param(MANY + DATABASES + MANY + "kind = 'query'", "inventory[1].dsn: missing", id="of the second"),
        pytest.param(ONE + DATABASES.replace("dsn", "#"), "inventory.dsn: missing", id="missing"),
        pytest.param(
            ONE + DATABASES.replace('"databases"', '"servers"'),
            "inventory.kind: must be 'databases', 'schemas' or 'query'",
            id="unknown kind",
        ),
        pytest.param(
            ONE + DATABASES.replace("like", "#"),
            'inventory: needs either like ("tenant_%") or regex ("^tenant_[0-9]+$")',
            id="no pattern",
        ),
        pytest.param(
            MANY + DATABASES + 'regex = "^t"',
            'inventory[0]: needs either like ("tenant_%") or regex ("^tenant_[0-9]+$")',
            id="two patterns",
        ),
        pytest.param(
            ONE + DATABASES + 'query = "SELECT 1"',
            'inventory: an inventory of kind "databases" has no key query',
            id="a query of databases",
        ),
        pytest.param(
            ONE + DATABASES.replace("databases", "schemas") + 'schema = "x"',
            'inventory: an inventory of kind "schemas" has no key schema',
            id="a schema of schemas",
        ),
        pytest.param(
            ONE + QUERY + 'like = "x"', 'inventory: an inventory of kind "query" has no key like', id="a like of rows"
        ),
        pytest.param(ONE + QUERY.replace("query =", "#"), "inventory: query is missing", id="no query"),
        pytest.param(
            ONE + QUERY.replace("SELECT name, dsn FROM tenants", "DELETE FROM tenants"),
            "inventory: query must be a single SELECT",
            id="a query that writes",
        ),
        pytest.param(
            ONE + QUERY.replace("tenants", "tenants; SELECT 1"),
            "inventory: query must be a single SELECT",
            id="two queries",
        ),
        pytest.param(
            ONE + QUERY.replace("FROM", "FORM"),
            'inventory: query does not parse, at line 1 column 23: syntax error at or near "tenants"',
            id="no SQL",
        ),
        pytest.param(
            ONE + QUERY + 'ring = "early"',
            "inventory.ring: 'early' is not in rings: canary, main",
            id="unknown ring",
        ),
        pytest.param(
            MANY + QUERY.replace("host=h", "host=${NOPE}"),
            "inventory[0].dsn: the environment variable NOPE is not set",
            id="unset",
        ),
        pytest.param('inventory = "x"', "inventory: must be a table", id="no table"),
    ],
)
def test_an_inventory_of_the_wrong_form_is_refused(text: str, line: str) -> None:
    assert refusal(PROD + text).startswith(line)


def test_a_row_makes_a_tenant() -> None:
    inventory = an_inventory(labels={"cloud": "x", "tier": "none"}, home="app")
    row = read_record(
        "acme",
        {
            "name": "acme",
            "dsn": "postgresql://u:${ACME}@h/acme",
            "ring": "canary",
            "state": "active",
            "region": "eu",
            "seats": 5,
            "trial": False,
            "since": None,
            "labels": {"tier": "gold", "features": ["a"], "region": "us"},
        },
    )
    assert tenants(inventory, row, ACME="s") == (
        Tenant(
            name="acme",
            dsn=Dsn("postgresql://u:s@h/acme", ("s",)),
            home="app",
            ring="canary",
            labels={"cloud": "x", "tier": "gold", "region": "us", "seats": "5", "trial": "false", "features": '["a"]'},
            inventory="inventory",
        ),
    )


@pytest.mark.parametrize(
    ("row", "changes", "dsn", "home"),
    [
        (InventoryRow(name="a", dbname="a"), {}, "host=h dbname=a", "public"),
        (InventoryRow(name="a", dbname="a", schema="s"), {}, "host=h dbname=a", "s"),
        (InventoryRow(name="a", schema="s"), {}, "host=h", "s"),
        (InventoryRow(name="a", dbname="a"), {"tenant_dsn": Dsn("host=t")}, "host=t dbname=a", "public"),
        (InventoryRow(name="a", schema="s"), {"tenant_dsn": Dsn("host=t")}, "host=t", "s"),
        (InventoryRow(name="a", dsn="host=x", dbname="a"), {"tenant_dsn": Dsn("host=t")}, "host=x", "public"),
    ],
    ids=["dbname", "dbname and schema", "schema", "tenant_dsn", "tenant_dsn of a schema", "its own dsn"],
)
def test_where_a_tenant_is(row: InventoryRow, changes: dict[str, Any], dsn: str, home: str) -> None:
    [tenant] = tenants(an_inventory(**changes), row)
    assert (tenant.dsn.text, tenant.home) == (dsn, home)


@pytest.mark.parametrize("state", ["suspended", "SUSPENDED", "Provisioning", "archived"])
def test_a_tenant_in_a_skipped_state_is_skipped_even_if_incomplete(state: str) -> None:
    reading = TenantBuilder(an_inventory(), read(PROD + ONE + QUERY), {}, in_database, file="fleet.toml")
    row = InventoryRow(name="acme", state=state, ring="gone", labels={"region": "eu"})
    assert reading.tenants([row]) == (
        (),
        (SkippedTenant(name="acme", reason=f"its state is {state}", ring="gone", labels={"region": "eu"}),),
    )


@pytest.mark.parametrize("state", [None, "", "active", "suspended-soon"])
def test_a_tenant_in_another_state_is_not_skipped(state: str | None) -> None:
    [tenant] = tenants(an_inventory(), InventoryRow(name="acme", dbname="acme", state=state))
    assert tenant.name == "acme"


def test_the_fleet_file_sets_the_skipped_states() -> None:
    row = InventoryRow(name="acme", dbname="acme", state="suspended")
    assert tenants(an_inventory(skip_states=frozenset({"closed"})), row)


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (InventoryRow(name="a"), "inventory: tenant 'a' needs a dsn, a dbname, or a schema"),
        (
            InventoryRow(name="a", schema="$user"),
            "inventory: tenant 'a': schema '$user' depends on the role; name the schema itself",
        ),
        (
            InventoryRow(name="a", dbname="a", ring="early"),
            "inventory: tenant 'a': ring 'early' is not in rings: canary, main",
        ),
        (
            InventoryRow(name="a", dsn="password=${NOPE}"),
            "inventory: tenant 'a': dsn: the environment variable NOPE is not set",
        ),
        (
            InventoryRow(name="a\nb", dbname="a"),
            f"inventory: 'a\\nb' is not a tenant name: it {NAMES}",
        ),
        (
            InventoryRow(name="", dbname="a"),
            f"inventory: '' is not a tenant name: it {NAMES}",
        ),
    ],
    ids=["nowhere", "another schema for each role", "unknown ring", "unset variable", "control character", "no name"],
)
def test_a_row_of_which_no_tenant_can_be_made_is_refused(row: InventoryRow, line: str) -> None:
    assert row_refusal(row) == f"fleet.toml: environments.prod.{line}"


def test_a_database_whose_name_cannot_be_a_tenants_is_skipped_without_the_others() -> None:
    inventory, rows = (
        an_inventory(kind=InventoryKind.DATABASES),
        [InventoryRow(name=each, dbname=each) for each in "a\x1b"],
    )
    reading = TenantBuilder(inventory, read(PROD + ONE + QUERY), {}, in_database, file="fleet.toml")
    found, skipped = reading.tenants(rows)
    assert [each.name for each in found] == ["a"]
    assert [(each.name, each.reason) for each in skipped] == [("\\x1b", f"its name {NAMES}")]


def test_the_refusal_names_the_inventory() -> None:
    assert row_refusal(InventoryRow(name="a"), key="inventory[2]", name="eu").startswith(
        "fleet.toml: environments.prod.inventory[2] (eu): "
    )


@pytest.mark.parametrize(
    ("name", "record", "problem"),
    [
        (None, {}, "returns a row without a name"),
        ("a", {"labels": "x=y"}, "tenant 'a': labels is not a JSON object"),
        ("a", {"labels": ["x"]}, "tenant 'a': labels is not a JSON object"),
    ],
)
def test_a_malformed_record_is_rejected(name: str | None, record: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_record(name, record)


def test_a_rows_dsn_does_not_show_itself() -> None:
    assert "hush" not in repr(read_record("a", {"dsn": "password=hush"}))


def found(inventory: str, *names: str) -> tuple[Sequence[Tenant], Sequence[SkippedTenant]]:
    return (
        tuple(
            Tenant(name=each, dsn=Dsn("host=h"), home="public", ring="main", labels={}, inventory=inventory)
            for each in names
        ),
        (SkippedTenant(name=f"skipped of {inventory}", reason="r", ring="main", labels={}),),
    )


LISTED = read(PROD + "[[environments.prod.tenants]]\nname = 'acme'\ndsn = 'host=h'\n")


def test_what_was_found_comes_behind_what_is_listed_in_the_inventories_order() -> None:
    environment = add_inventory_tenants(LISTED, [found("inventory[0]", "b", "a"), found("inventory[1]", "c")], file="f")
    assert [each.name for each in environment.tenants] == ["acme", "b", "a", "c"]
    assert [each.name for each in environment.skipped] == ["skipped of inventory[0]", "skipped of inventory[1]"]


@pytest.mark.parametrize(
    ("some", "line"),
    [
        (
            [found("inventory[0] (eu)", "b"), found("inventory[1] (us)", "b")],
            "inventory[1] (us): tenant 'b' is already in inventory[0] (eu)",
        ),
        ([found("inventory", "acme")], "inventory: tenant 'acme' is already in the listed tenants"),
        ([found("inventory", "b", "b")], "inventory: contains tenant 'b' twice"),
    ],
    ids=["two inventories", "listed", "one inventory"],
)
def test_a_duplicate_tenant_is_rejected_with_both_places(some: list[Any], line: str) -> None:
    with pytest.raises(FleetError) as caught:
        add_inventory_tenants(LISTED, some, file="fleet.toml")
    assert str(caught.value) == f"fleet.toml: environments.prod.{line}"


@pytest.mark.parametrize(
    "column", ["password", "db_password", "DB_PWD", "pw", "api_key", "deploy_token", "secret_name"]
)
def test_what_a_column_of_secrets_holds_is_no_label(column: str) -> None:
    assert read_record("a", {"dbname": "d", column: "hush", "region": "eu"}).labels == {"region": "eu"}
