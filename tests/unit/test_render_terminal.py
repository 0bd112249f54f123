"""What a person at a terminal reads, line by line."""

from io import StringIO

import pytest
from rich.console import Console
from rich.style import Style
from unit.literals import (
    a_contract_entry,
    a_difference_entry,
    a_document,
    a_failure,
    a_manifest,
    a_migration,
    a_migration_entry,
    a_tenant_entry,
)

from pgfleet.documents.audit import (
    CheckEntry,
    MigrationStatus,
    SeedEntry,
    SeedStatus,
    TenantEntry,
    UnexpectedEntry,
    Verdict,
)
from pgfleet.manifest.model import Impact, Priority
from pgfleet.reports.terminal import MOST_TENANTS, STATUS_MARK, STATUS_STYLE, VERDICT_STYLE, audit_report

MANIFEST = a_manifest(
    a_migration("1", impacts=[Impact(service="worker", breaks="nothing is queued")]),
    a_migration("2", name="two", priority=Priority.P1, impacts=[Impact(service="planner", breaks="no plans")]),
)
APPLIED = (a_migration_entry(version="1"), a_migration_entry(version="2", name="two", priority=Priority.P1))
PENDING = a_migration_entry(MigrationStatus.PENDING, "2", name="two", priority=Priority.P1)
DRIFTED = a_migration_entry(MigrationStatus.DRIFTED, "1", differences=[a_difference_entry()])
OWN = UnexpectedEntry(kind="index", identity="public.own", actual="btree (a)")


def report(*tenants: TenantEntry, width: int = 160) -> list[str]:
    console = Console(width=width, file=StringIO(), color_system=None, legacy_windows=False)
    console.print(audit_report(a_document(*tenants), MANIFEST))
    assert isinstance(console.file, StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_on_a_narrow_terminal_migrations_are_told_by_their_places() -> None:
    lines = report(a_tenant_entry("acme", Verdict.BLOCKED, migrations=[DRIFTED, PENDING]), width=36)
    assert [line.split() for line in lines[:2]] == [
        ["tenant", "ring", "verdict", "1", "2"],
        ["acme", "main", "blocked", "DRIFT", "pend"],
    ]
    assert lines[2:5] == ["", f"  1  P0 {DRIFTED.file}", f"  2  P1 {PENDING.file}"]


def test_the_report_of_a_fleet() -> None:
    tenants = [
        a_tenant_entry("ready", migrations=APPLIED, unexpected=[OWN]),
        a_tenant_entry("down", Verdict.UNREACHABLE, ring="canary", reason="no answer"),
        a_tenant_entry("degraded", Verdict.DEGRADED, migrations=[APPLIED[0], PENDING]),
        a_tenant_entry(
            "blocked",
            Verdict.BLOCKED,
            migrations=[DRIFTED, APPLIED[1]],
            seeds=[SeedEntry(name="rules", status=SeedStatus.MISSING)],
        ),
        a_tenant_entry(
            "open",
            Verdict.UNKNOWN,
            reason="check 'tables' of 1 could not be completed: timeout",
            migrations=[
                a_migration_entry(
                    MigrationStatus.UNKNOWN, "1", checks=[CheckEntry(name="tables", passed=None, detail="timeout")]
                ),
                APPLIED[1],
            ],
        ),
    ]
    assert report(*tenants) == [
        "tenant    ring    verdict       P0 1     P1 2",
        "blocked   main    blocked      DRIFTED     ✓",
        "down      canary  unreachable     ·        ·",
        "open      main    unknown         ?        ✓",
        "degraded  main    degraded        ✓     pending",
        "ready     main    ready           ✓        ✓",
        "",
        "blocked is blocked: the assistant cannot start, or fails when it is used",
        "  1_one.sql is drifted (P0)",
        "    index public.idx_a is missing",
        "    depends on it: worker",
        "  note: seed rules is missing",
        "",
        "down is unreachable: no connection could be had",
        "  no answer",
        "",
        "open is unknown: connected, but not everything could be looked at",
        "  check 'tables' of 1 could not be completed: timeout",
        "  1_one.sql is unknown (P0)",
        "    check 'tables' could not be completed: timeout",
        "    depends on it: worker",
        "",
        "degraded is degraded: the assistant starts, but an auxiliary feature does not work",
        "  2_two.sql is pending (P1)",
        "    nothing of it is there: it was never applied",
        "    → pgfleet rollout prod --tenant degraded applies it",
        "    planner: no plans",
        "",
        "Ready, and worth knowing",
        "  ready: index public.own is not the manifest's: btree (a)",
        "",
        "5 tenants: 1 ready, 1 degraded, 1 blocked, 1 unreachable, 1 unknown  (audit of prod, 12.3 s, run run-7)",
    ]


def test_a_file_that_was_changed_since_is_said_once_for_all_tenants() -> None:
    altered = a_migration_entry(version="1", altered=True)
    found = report(a_tenant_entry("a", migrations=[altered]), a_tenant_entry("b", migrations=[altered]))
    at = found.index("Changed after it was applied")
    assert found[at + 1] == "  1_one.sql: in 2 tenants; that alone runs nothing again (--rerun 1 does)"


def test_the_report_of_a_ready_fleet_is_short() -> None:
    assert report(a_tenant_entry("acme", migrations=APPLIED)) == [
        "tenant  ring  verdict  P0 1  P1 2",
        "acme    main  ready     ✓     ✓",
        "",
        "1 tenant: 1 ready  (audit of prod, 12.3 s, run run-7)",
    ]


def test_a_tenant_without_anything_is_told_in_one_line() -> None:
    empty = a_tenant_entry(
        "new", Verdict.BLOCKED, migrations=[a_migration_entry(MigrationStatus.PENDING, "1"), PENDING]
    )
    lines = report(empty)
    assert "  no migration was ever applied: it is as empty as a new tenant" in lines
    assert not [line for line in lines if "worker" in line or ".sql" in line]


@pytest.mark.parametrize("name", ["[red]x[/red]", "[/]", "[link=http://x]y[/link]", ":boom:", "a\\[b]", "[bold"])
def test_a_tenants_name_is_shown_literally(name: str) -> None:
    lines = report(
        a_tenant_entry(name, Verdict.BLOCKED, ring=name, reason=name, migrations=[DRIFTED], unexpected=[OWN])
    )
    assert lines[1].split()[:3] == [name, name, "blocked"]
    assert f"{name} is blocked: the assistant cannot start, or fails when it is used" in lines
    assert f"  {name}" in lines


@pytest.mark.parametrize("name", ["[red]x[/red]", "[/]"])
def test_a_ready_tenants_name_and_notes_are_shown_literally(name: str) -> None:
    note = UnexpectedEntry(kind="index", identity=name, actual=name)
    lines = report(a_tenant_entry(name, migrations=APPLIED, unexpected=[note]))
    assert f"  {name}: index {name} is not the manifest's: {name}" in lines


def test_every_change_of_a_drifted_migration_has_a_line() -> None:
    changed = a_difference_entry(change="changed", expected="btree (a)", actual="btree (b)")
    drifted = a_migration_entry(MigrationStatus.DRIFTED, differences=[a_difference_entry(), changed])
    lines = report(a_tenant_entry(verdict=Verdict.BLOCKED, migrations=[drifted]))
    assert lines[4:7] == [
        "  1_one.sql is drifted (P0)",
        "    index public.idx_a is missing",
        "    index public.idx_a is btree (b), should be btree (a)",
    ]


def test_the_report_is_capped_and_keeps_the_worst() -> None:
    degraded = [
        a_tenant_entry(f"t{number:03}", Verdict.DEGRADED, reason=f"reason {number}")
        for number in range(MOST_TENANTS + 2)
    ]
    lines = report(*degraded, a_tenant_entry("worst", Verdict.BLOCKED))
    assert lines[1].startswith("worst")
    assert lines[MOST_TENANTS].startswith(f"t{MOST_TENANTS - 2:03}")
    assert lines[MOST_TENANTS + 1] == "… and 3 more tenants, none worse; --format json has them all"
    assert sum(" is degraded: " in line for line in lines) == MOST_TENANTS - 1


def test_a_report_within_the_cap_does_not_speak_of_more() -> None:
    lines = report(*(a_tenant_entry(f"t{number:03}") for number in range(MOST_TENANTS)))
    assert not [line for line in lines if "more tenants" in line]


def test_a_tenants_notes_stand_in_one_line_and_its_name_is_never_broken() -> None:
    name = "a tenant of many words"
    seed = SeedEntry(name="rules", status=SeedStatus.MISSING)
    lines = report(a_tenant_entry(name, migrations=APPLIED, unexpected=[OWN], seeds=[seed]), width=100)
    assert lines[1].startswith(f"{name}  main  ready")
    assert f"  {name}: index public.own is not the manifest's: btree (a); seed rules is missing" in lines


def test_an_empty_fleet_is_said_to_be_empty() -> None:
    assert report()[-1] == "no tenants  (audit of prod, 12.3 s, run run-7)"


def test_every_verdict_and_every_status_has_its_look() -> None:
    assert set(VERDICT_STYLE) == set(Verdict)
    assert set(STATUS_STYLE) == set(STATUS_MARK) == set(MigrationStatus)
    for style in (*VERDICT_STYLE.values(), *STATUS_STYLE.values()):
        assert Style.parse(style).color is not None


def test_a_broken_contract_is_a_line_however_many_statements_fail() -> None:
    tenant = a_tenant_entry(
        "acme",
        Verdict.BLOCKED,
        migrations=[DRIFTED, APPLIED[1]],
        contracts=[a_contract_entry(consumer="planner"), a_contract_entry(*map(a_failure, ("fetch", "store", "drop")))],
    )
    assert report(tenant)[3:8] == [
        "acme is blocked: the assistant cannot start, or fails when it is used",
        "  1_one.sql is drifted (P0)",
        "    index public.idx_a is missing",
        "    depends on it: worker",
        "  worker cannot run 'fetch': column \"a\" does not exist; nor 2 more of its statements",
    ]


def test_an_empty_tenants_contracts_are_not_told() -> None:
    pending = [a_migration_entry(MigrationStatus.PENDING, version) for version in "12"]
    tenant = a_tenant_entry("acme", Verdict.BLOCKED, migrations=pending, contracts=[a_contract_entry(a_failure())])
    assert not [line for line in report(tenant) if "cannot run" in line]


def test_what_is_the_same_of_several_tenants_is_told_once() -> None:
    other = a_migration_entry(
        MigrationStatus.DRIFTED, "1", differences=[a_difference_entry(change="changed", actual="btree (b)")]
    )
    tenants = [
        *(
            a_tenant_entry(name, Verdict.BLOCKED, migrations=[DRIFTED, APPLIED[1]])
            for name in ("a", "b", "c", "d", "e")
        ),
        a_tenant_entry("f", Verdict.BLOCKED, migrations=[other, APPLIED[1]]),
        a_tenant_entry("g", Verdict.UNREACHABLE, reason="no answer"),
        a_tenant_entry("h", Verdict.UNREACHABLE, reason="no answer"),
    ]
    lines = report(*tenants)
    told = [line for line in lines if " is blocked: " in line or " is unreachable: " in line]
    assert [line.split(" is ")[0] for line in told] == ["a", "f", "g"]
    assert lines[lines.index(told[0]) + 1] == "  the same is true of b, c, d, e"
    assert lines[lines.index(told[2]) + 1] == "  the same is true of h"
    assert lines.count("    index public.idx_a is missing") == 1
