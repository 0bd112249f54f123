"""The inventory and the manifest, for people and programs."""

import json
from dataclasses import replace

import pytest
from unit.literals import a_contract, a_manifest, a_migration, a_seed
from unit.printed import printed

from pgfleet.manifest.model import Check, Count, Impact, Priority, Tool, ToolLedger
from pgfleet.reports.inventory import manifest_document, manifest_table, tenant_table

MANIFEST = a_manifest(
    a_migration(
        "1",
        impacts=[Impact(service="worker", breaks="nothing is queued")],
        checks=[Check(name="tables", query="SELECT 1", returns=((1,),))],
    ),
    a_migration("2", name="two", priority=Priority.P1, requires=["1"]),
    seeds=[a_seed()],
    counts=[Count(table="one", may_shrink=False), Count(table="two", may_shrink=True)],
    contracts=[a_contract(statements=("fetch", "store"))],
)
ACME = {
    "name": "acme",
    "ring": "main",
    "server": "db1:5432",
    "database": "acme",
    "user": "pgfleet",
    "schema": "public",
    "labels": {"region": "eu", "tier": "gold"},
}


def test_the_inventory_has_a_line_for_each_tenant() -> None:
    assert printed(tenant_table([ACME, {**ACME, "name": "globex", "labels": {}}])) == [
        "name    ring  server    database  user     schema  labels",
        "acme    main  db1:5432  acme      pgfleet  public  region=eu, tier=gold",
        "globex  main  db1:5432  acme      pgfleet  public",
        "",
        "2 tenants",
    ]


def test_one_tenant_is_in_the_singular() -> None:
    assert printed(tenant_table([ACME]))[-1] == "1 tenant"


def test_migrations_outside_a_transaction_are_named() -> None:
    first, second = a_migration("1"), replace(a_migration("2", name="two", requires=["1"]), transactional=False)
    assert f"run outside a transaction: {second.file}" in printed(manifest_table(a_manifest(first, second), "m.toml"))
    assert "outside" not in " ".join(printed(manifest_table(a_manifest(first), "m.toml")))


@pytest.mark.parametrize("name", ["[red]x[/red]", "[/]", ":boom:"])
def test_names_and_labels_are_shown_literally(name: str) -> None:
    line = printed(tenant_table([{**ACME, "name": name, "labels": {name: name}}]))[1]
    assert line.split()[:2] == [name, "main"]
    assert line.endswith(f"{name}={name}")


def test_the_manifest_has_a_line_for_each_migration_in_its_order() -> None:
    assert printed(manifest_table(MANIFEST, "sql/manifest.toml")) == [
        "   P   migration  requires  checks  provides",
        "1  P0  1_one.sql  -         1       what one provides",
        "2  P1  2_two.sql  1         0       what two provides",
        "",
        "contract: worker (P0), 2 statements in worker.sql",
        "seeds: rules (after 1)",
        "counted: one, two",
        "watched: none",
        f"sql/manifest.toml, checksum {MANIFEST.checksum}",
    ]


def test_a_manifest_without_seeds_and_counts_is_described_as_such() -> None:
    assert printed(manifest_table(a_manifest(a_migration()), "m.toml"))[-4:-1] == [
        "seeds: none",
        "counted: none",
        "watched: none",
    ]


def test_the_manifests_prose_and_path_are_shown_literally() -> None:
    lines = printed(manifest_table(a_manifest(a_migration(name="[red]x[/red]")), "[bold]/m.toml"))
    assert lines[1].endswith("what [red]x[/red] provides")
    assert lines[-1].startswith("[bold]/m.toml, checksum")


def test_the_manifest_as_one_json_document() -> None:
    document = manifest_document(MANIFEST)
    assert json.loads(json.dumps(document)) == {
        "checksum": MANIFEST.checksum,
        "migrations": [
            {
                "version": "1",
                "file": "1_one.sql",
                "checksum": "sum-1",
                "priority": "P0",
                "provides": "what one provides",
                "without": [{"service": "worker", "breaks": "nothing is queued"}],
                "requires": [],
                "transactional": True,
                "checks": ["tables"],
            },
            {
                "version": "2",
                "file": "2_two.sql",
                "checksum": "sum-2",
                "priority": "P1",
                "provides": "what two provides",
                "without": [],
                "requires": ["1"],
                "transactional": True,
                "checks": [],
            },
        ],
        "seeds": [{"name": "rules", "file": "rules.sql", "requires": "1"}],
        "counts": [{"table": "one", "may_shrink": False}, {"table": "two", "may_shrink": True}],
        "watches": [],
        "contracts": [
            {
                "consumer": "worker",
                "file": "worker.sql",
                "checksum": "sum-worker",
                "priority": "P0",
                "statements": ["fetch", "store"],
            }
        ],
    }


def test_what_a_tool_determines_is_in_the_document() -> None:
    view = replace(a_migration("R__v", name="v"), repeatable=True)
    ledger = ToolLedger(tool=Tool.FLYWAY, table="flyway_schema_history", write=True)
    document = manifest_document(replace(a_manifest(a_migration(), view), is_linear=True, ledger=ledger))
    assert document["history"] == "linear"
    assert document["ledger"] == {"tool": "flyway", "table": "flyway_schema_history", "write": True}
    assert [each.get("repeatable") for each in document["migrations"]] == [None, True]
