"""Groups of tenants with the same differences."""

from unit.literals import a_difference_entry, a_migration_entry, a_tenant_entry

from pgfleet.documents.audit import TenantEntry, Verdict
from pgfleet.documents.findings import DifferenceEntry, MigrationStatus
from pgfleet.judge.variants import group_variants


def a_member(
    name: str,
    fingerprint: str = "expected",
    *identities: str,
    verdict: Verdict = Verdict.READY,
    server_version: str = "16.4",
    kind: str = "index",
) -> TenantEntry:
    found = [
        DifferenceEntry(kind=kind, identity=each, change="missing", expected="", actual=None) for each in identities
    ]
    migrations = [a_migration_entry(MigrationStatus.DRIFTED, differences=found)] if found else [a_migration_entry()]
    entry = a_tenant_entry(name, verdict, migrations=migrations, server_version=server_version)
    return entry.model_copy(update={"fingerprint": fingerprint})


def grouped(*tenants: TenantEntry, **homes: str) -> list[tuple[str, tuple[str, ...]]]:
    found = group_variants(tenants, {each.name: "public" for each in tenants} | homes)
    return [(each.name, each.tenants) for each in found]


def test_tenants_with_the_same_differences_are_one_variant_the_largest_first() -> None:
    tenants = [
        a_member("e", "odd", "public.idx_b"),
        *(a_member(name, "f1", "public.idx_a") for name in ("c", "b")),
        *(a_member(name) for name in ("x", "a", "y")),
    ]
    assert grouped(*tenants) == [
        ("as expected", ("a", "x", "y")),
        ("variant A", ("b", "c")),
        ("variant B", ("e",)),
    ]


def test_tenants_with_different_home_schemas_are_one_variant() -> None:
    tenants = [a_member("acme", "f1", "tenant_acme.idx_a"), a_member("bo", "f1", "tenant_bo.idx_a")]
    [variant] = group_variants(tenants, {"acme": "tenant_acme", "bo": "tenant_bo"})
    assert [(each.kind, each.identity, each.change) for each in variant.differences] == [("index", "idx_a", "missing")]


def test_a_schema_of_the_home_schemas_name_keeps_it() -> None:
    tenant = a_member("acme", "f1", "extra.t", "extra.extra", kind="schema")
    [variant] = group_variants([tenant], {"acme": "extra"})
    assert [each.identity for each in variant.differences] == ["extra.t", "extra.extra"]


def a_changed_view(name: str, server_version: str, actual: str) -> TenantEntry:
    found = DifferenceEntry(kind="view", identity="public.v", change="changed", expected="", actual=actual)
    entry = a_tenant_entry(
        name,
        migrations=[a_migration_entry(MigrationStatus.DRIFTED, differences=[found])],
        server_version=server_version,
    )
    return entry.model_copy(update={"fingerprint": name})


def test_servers_of_different_major_versions_compare() -> None:
    tenants = [a_member("a", "f1", server_version="15.9"), a_member("b", "f2", server_version="16.1"), a_member("c")]
    assert grouped(*tenants) == [("as expected", ("a", "b", "c"))]
    views = [
        a_changed_view("d", "15.9", "CREATE VIEW v AS\n SELECT t.a\n   FROM t"),
        a_changed_view("e", "18.1", "CREATE VIEW v AS\n SELECT a\n   FROM t"),
        a_changed_view("f", "18.1", "CREATE VIEW v AS\n SELECT b\n   FROM t"),
    ]
    found = group_variants(views, {})
    assert [(each.tenants, each.server_majors) for each in found] == [(("d", "e"), (15, 18)), (("f",), (18,))]


def test_a_tenant_that_could_not_be_judged_is_in_none() -> None:
    unknown = a_member("u", verdict=Verdict.UNKNOWN)
    lost = a_tenant_entry("l", Verdict.UNREACHABLE, server_version=None).model_copy(update={"fingerprint": None})
    assert grouped(unknown, lost) == []


def test_an_object_of_two_migrations_is_reported_once() -> None:
    twice = [a_migration_entry(MigrationStatus.DRIFTED, each, differences=[a_difference_entry()]) for each in "12"]
    [variant] = group_variants([a_tenant_entry(migrations=twice)], {"acme": "public"})
    assert len(variant.differences) == 1
    assert not variant.expected


def test_names_go_on_after_z() -> None:
    tenants = [a_member(f"t{number:02}", f"f{number:02}", f"public.idx_{number}") for number in range(28)]
    assert [name for name, _ in grouped(*tenants)][24:] == ["variant Y", "variant Z", "variant AA", "variant AB"]
