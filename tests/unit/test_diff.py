"""A tenant's differences as a unified diff."""

import pytest
from unit.literals import a_contract_entry, a_difference_entry, a_document, a_failure, a_migration_entry, a_tenant_entry

from pgfleet.documents.audit import TenantEntry, Verdict
from pgfleet.documents.findings import DifferenceEntry, MigrationStatus, UnexpectedEntry
from pgfleet.reports.diff import build_diff, diff_lines, style_of

DRIFTED, PENDING = MigrationStatus.DRIFTED, MigrationStatus.PENDING
MANIFEST = a_document().manifest
BODY = "CREATE FUNCTION f()\nAS $$\n  SELECT {}\n$$"


def a_difference(kind: str, identity: str, expected: str | None, actual: str | None) -> DifferenceEntry:
    change = "missing" if actual is None else "changed"
    found = a_difference_entry().model_copy(update={"kind": kind, "identity": identity, "change": change})
    return found.model_copy(update={"expected": expected, "actual": actual})


INDEX = a_difference("index", "public.idx_a", "CREATE INDEX idx_a ON a (x)", None)
FUNCTION = a_difference("function", "public.f()", BODY.format("1"), BODY.format("2"))


def lines(tenant: TenantEntry) -> list[str]:
    return list(diff_lines(build_diff("prod", MANIFEST, tenant)))


def test_each_object_is_below_its_migration() -> None:
    migrations = [
        a_migration_entry(DRIFTED, "1", differences=[INDEX]),
        a_migration_entry(DRIFTED, "2", name="two", differences=[FUNCTION]),
        a_migration_entry(version="3", name="three"),
    ]
    extra = UnexpectedEntry(kind="index", identity="public.own", actual="CREATE INDEX own ON a (y)")
    tenant = a_tenant_entry("acme", Verdict.BLOCKED, migrations=migrations).model_copy(update={"unexpected": (extra,)})
    assert lines(tenant) == [
        "# acme of prod: blocked",
        "# 1_one.sql: drifted (P0)",
        "--- expected/index public.idx_a",
        "+++ /dev/null",
        "@@ -1 +0,0 @@",
        "-CREATE INDEX idx_a ON a (x)",
        "# 2_two.sql: drifted (P0)",
        "--- expected/function public.f()",
        "+++ acme/function public.f()",
        "@@ -1,4 +1,4 @@",
        " CREATE FUNCTION f()",
        " AS $$",
        "-  SELECT 1",
        "+  SELECT 2",
        " $$",
        "# not in the manifest, which is no fault",
        "--- /dev/null",
        "+++ acme/index public.own",
        "@@ -0,0 +1 @@",
        "+CREATE INDEX own ON a (y)",
    ]


def test_an_object_of_several_migrations_is_shown_once() -> None:
    migrations = [a_migration_entry(PENDING, each, name=each, differences=[INDEX]) for each in ("1", "2")]
    found = lines(a_tenant_entry("acme", Verdict.BLOCKED, migrations=migrations))
    assert found[1:3] == ["# 1_1.sql: pending (P0)", "# index public.idx_a (also of 2)"]
    assert found[-1] == "# 2_2.sql: pending (P0)"
    assert found.count("-CREATE INDEX idx_a ON a (x)") == 1


def test_a_definition_that_reads_the_same_is_said_to() -> None:
    same = a_difference("table", "public.a", "CREATE TABLE a", "CREATE TABLE a")
    tenant = a_tenant_entry("acme", Verdict.BLOCKED, migrations=[a_migration_entry(DRIFTED, "1", differences=[same])])
    assert lines(tenant)[2:] == ["# table public.a: its definition reads as expected"]


def test_what_is_wrong_with_the_tenant_as_a_whole_comes_first() -> None:
    broken = a_contract_entry(a_failure())
    tenant = a_tenant_entry("acme", Verdict.UNKNOWN, reason="two\nlines").model_copy(update={"contracts": (broken,)})
    first, *rest = lines(tenant)
    assert first == "# acme of prod: unknown"
    assert rest[0] == "# two\\nlines"  # one line, so that a tenant's message cannot add lines of pgfleet's own
    assert rest[1].startswith("# worker ")


def test_a_tenant_without_differences_is_one_line() -> None:
    tenant = a_tenant_entry("acme", Verdict.READY, migrations=[a_migration_entry(version="1")])
    assert lines(tenant) == ["# acme of prod: ready: as the manifest leaves it"]


@pytest.mark.parametrize(
    ("line", "style"),
    [
        ("--- expected/x", "bold"),
        ("+++ acme/x", "bold"),
        ("@@ -1 +1 @@", "cyan"),
        ("-a", "red"),
        ("+a", "green"),
        ("# a", "dim"),
        (" a", ""),
    ],
)
def test_each_kind_of_line_has_its_style(line: str, style: str) -> None:
    assert style_of(line) == style


def test_the_document_has_both_definitions() -> None:
    tenant = a_tenant_entry("acme", Verdict.BLOCKED, migrations=[a_migration_entry(DRIFTED, "1", differences=[INDEX])])
    [found] = build_diff("prod", MANIFEST, tenant).objects
    assert (found.versions, found.change, found.expected, found.actual) == (("1",), "missing", INDEX.expected, None)
    assert found.diff.endswith("-CREATE INDEX idx_a ON a (x)")
