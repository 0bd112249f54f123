"""An audit at the terminal, line by line."""

from dataclasses import replace

import pytest
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
from unit.printed import printed

from pgfleet.documents.audit import TenantEntry, Verdict
from pgfleet.documents.findings import (
    CheckEntry,
    MigrationEntry,
    MigrationStatus,
    SeedEntry,
    SeedStatus,
    UnexpectedEntry,
)
from pgfleet.manifest.model import Impact, Priority
from pgfleet.reports.blocks import MOST_TENANTS, StatusStyle, Tone
from pgfleet.reports.render import terminal
from pgfleet.reports.views.audit import audit_view
from pgfleet.reports.views.migration import CELL
from pgfleet.reports.views.verdicts import VERDICT

MANIFEST = a_manifest(
    a_migration("1", impacts=[Impact(service="worker", breaks="nothing is queued")]),
    a_migration("2", name="two", priority=Priority.P1, impacts=[Impact(service="planner", breaks="no plans")]),
)
APPLIED = (a_migration_entry(version="1"), a_migration_entry(version="2", name="two", priority=Priority.P1))
PENDING = a_migration_entry(MigrationStatus.PENDING, "2", name="two", priority=Priority.P1)
DRIFTED = a_migration_entry(MigrationStatus.DRIFTED, "1", differences=[a_difference_entry()])
OWN = UnexpectedEntry(kind="index", identity="public.own", actual="btree (a)")


def report(*tenants: TenantEntry, width: int = 160) -> list[str]:
    return printed(audit_view(a_document(*tenants), MANIFEST), width)


def test_on_a_narrow_terminal_migrations_are_numbered() -> None:
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
        "Blocked: a P0 migration is not in place, or a P0 contract is broken",
        "  blocked",
        "    1_one.sql: drifted (P0)",
        "      index public.idx_a is missing",
        "      Affected services: worker",
        "    note: seed rules is missing",
        "",
        "Unreachable: could not connect",
        "  down: no answer",
        "",
        "Unknown: connected, but the inspection could not be completed",
        "  open",
        "    check 'tables' of 1 could not be completed: timeout",
        "    1_one.sql: unknown (P0)",
        "      check 'tables' could not be completed: timeout",
        "      Affected services: worker",
        "",
        "Degraded: a P1 migration is not in place, or a P1 contract is broken",
        "  degraded",
        "    2_two.sql: pending (P1)",
        "      not applied yet",
        "      Affected services: planner: no plans",
        "    → pgfleet rollout prod --tenant degraded",
        "",
        "Ready, with notes",
        "  ready: extra index public.own (btree (a)), not in the manifest",
        "",
        "5 tenants: 1 ready, 1 degraded, 1 blocked, 1 unreachable, 1 unknown",
        "Audit of prod · finished 2025-04-01 02:00 UTC · took 12.3 s · manifest 0123456789ab · run run-7",
    ]


def test_a_file_that_was_changed_since_is_said_once_for_all_tenants() -> None:
    altered = a_migration_entry(version="1", altered=True)
    found = report(a_tenant_entry("a", migrations=[altered]), a_tenant_entry("b", migrations=[altered]))
    at = found.index("Files changed after they were applied")
    assert found[at + 1] == "  1_one.sql: in 2 tenants; --rerun 1 runs it again"


def test_a_repeatable_file_that_was_changed_needs_no_option() -> None:
    manifest = a_manifest(replace(a_migration(), repeatable=True))
    document = a_document(a_tenant_entry("a", migrations=[a_migration_entry(version="1", altered=True)]))
    assert "  1_one.sql: in 1 tenant; the next rollout runs it again" in printed(audit_view(document, manifest), 160)


def test_the_report_of_a_ready_fleet_is_short() -> None:
    assert report(a_tenant_entry("acme", migrations=APPLIED)) == [
        "Every tenant has every migration of the manifest.",
        "",
        "tenant  ring  verdict  P0 1  P1 2",
        "acme    main  ready     ✓     ✓",
        "",
        "1 tenant: 1 ready",
        "Audit of prod · finished 2025-04-01 02:00 UTC · took 12.3 s · manifest 0123456789ab · run run-7",
    ]


def test_an_empty_tenant_is_one_line() -> None:
    empty = a_tenant_entry(
        "new", Verdict.BLOCKED, migrations=[a_migration_entry(MigrationStatus.PENDING, "1"), PENDING]
    )
    lines = report(empty)
    assert "    no migration is applied: none of the manifest's objects exist" in lines
    assert not [line for line in lines if "worker" in line or ".sql" in line]


@pytest.mark.parametrize("name", ["[red]x[/red]", "[/]", "[link=http://x]y[/link]", ":boom:", "a\\[b]", "[bold"])
def test_a_tenants_name_is_shown_literally(name: str) -> None:
    lines = report(
        a_tenant_entry(name, Verdict.BLOCKED, ring=name, reason=name, migrations=[DRIFTED], unexpected=[OWN])
    )
    assert lines[1].split()[:3] == [name, name, "blocked"]
    assert lines.count(f"  {name}") == 1
    assert f"    {name}" in lines


@pytest.mark.parametrize("name", ["[red]x[/red]", "[/]"])
def test_a_ready_tenants_name_and_notes_are_shown_literally(name: str) -> None:
    note = UnexpectedEntry(kind="index", identity=name, actual=name)
    lines = report(a_tenant_entry(name, migrations=APPLIED, unexpected=[note]))
    assert f"  {name}: extra index {name} ({name}), not in the manifest" in lines


def test_every_change_of_a_drifted_migration_has_a_line() -> None:
    changed = a_difference_entry(change="changed", expected="btree (a)", actual="btree (b)")
    drifted = a_migration_entry(MigrationStatus.DRIFTED, differences=[a_difference_entry(), changed])
    lines = report(a_tenant_entry(verdict=Verdict.BLOCKED, migrations=[drifted]))
    start = lines.index("    1_one.sql: drifted (P0)")
    assert lines[start + 1 : start + 3] == [
        "      index public.idx_a is missing",
        "      index public.idx_a is btree (b), should be btree (a)",
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
    assert sum(": reason " in line for line in lines) == MOST_TENANTS - 1
    assert "… and 3 more tenants, none worse; the JSON document has all of them" in lines


def test_a_report_within_the_cap_does_not_speak_of_more() -> None:
    lines = report(*(a_tenant_entry(f"t{number:03}") for number in range(MOST_TENANTS)))
    assert not [line for line in lines if "more tenants" in line]


def test_a_tenants_notes_stand_in_one_line_and_its_name_is_never_broken() -> None:
    name = "a tenant of many words"
    seed = SeedEntry(name="rules", status=SeedStatus.MISSING)
    lines = report(a_tenant_entry(name, migrations=APPLIED, unexpected=[OWN], seeds=[seed]), width=120)
    assert any(line.startswith(f"{name}  main  ready") for line in lines)
    assert f"  {name}: extra index public.own (btree (a)), not in the manifest; seed rules is missing" in lines


def test_an_empty_fleet_is_said_to_be_empty() -> None:
    assert report()[-2] == "no tenants"


def test_every_verdict_and_every_status_has_its_look() -> None:
    assert set(VERDICT) == set(Verdict)
    assert set(CELL) == set(MigrationStatus)
    assert set(terminal.STYLE) == set(StatusStyle)
    assert set(terminal.TONE) == set(Tone)
    for status in (*VERDICT.values(), *CELL.values()):
        assert Style.parse(terminal.STYLE[status.style]).color is not None


def test_control_characters_of_others_do_not_reach_the_terminal() -> None:
    name = "\x1b[31mred\x07\x9b2J"
    lines = report(a_tenant_entry(name, Verdict.UNREACHABLE, ring=name, reason=name))
    text = "\n".join(lines)
    assert "[31mred" in text
    assert not {each for each in text if (ord(each) < 0x20 and each != "\n") or 0x7F <= ord(each) < 0xA0}


def test_a_broken_contract_is_a_line_however_many_statements_fail() -> None:
    tenant = a_tenant_entry(
        "acme",
        Verdict.BLOCKED,
        migrations=[DRIFTED, APPLIED[1]],
        contracts=[a_contract_entry(consumer="planner"), a_contract_entry(*map(a_failure, ("fetch", "store", "drop")))],
    )
    assert report(tenant)[4:9] == [
        "  acme",
        "    1_one.sql: drifted (P0)",
        "      index public.idx_a is missing",
        "      Affected services: worker",
        "    worker cannot run 'fetch': column \"a\" does not exist; 2 more of its statements fail",
    ]


def test_the_contracts_of_an_empty_tenant_are_not_listed() -> None:
    pending = [a_migration_entry(MigrationStatus.PENDING, version) for version in "12"]
    tenant = a_tenant_entry("acme", Verdict.BLOCKED, migrations=pending, contracts=[a_contract_entry(a_failure())])
    assert not [line for line in report(tenant) if "cannot run" in line]


def test_identical_findings_of_several_tenants_are_shown_once() -> None:
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
    reported = [line for line in lines if line in {f"  {name}" for name in "abcdefgh"}]
    assert reported == ["  a", "  f", "  g"]
    assert lines[lines.index("  a") + 1] == "    The same in: b, c, d, e"
    assert lines[lines.index("  g") + 1] == "    The same in: h"
    assert lines.count("      index public.idx_a is missing") == 1


VERSIONS = [f"{number:04}" for number in range(1, 301)]


def many_report(width: int, number: int) -> list[str]:
    """Tenants that are done, behind, partly drifted, and new, on a manifest of so many migrations."""
    manifest = a_manifest(
        *(a_migration(each, impacts=[Impact(service="worker", breaks=f"{each} fails")]) for each in VERSIONS[:number])
    )

    def entry(version: str, status: MigrationStatus) -> MigrationEntry:
        differences = [a_difference_entry()] if status is MigrationStatus.DRIFTED else []
        return a_migration_entry(status, version, differences=differences)

    def tenant(name: str, *statuses: MigrationStatus) -> TenantEntry:
        found = [entry(*each) for each in zip(VERSIONS[:number], statuses, strict=True)]
        verdict = Verdict.READY if set(statuses) == {MigrationStatus.APPLIED} else Verdict.BLOCKED
        return a_tenant_entry(name, verdict, migrations=found)

    applied, pending, drifted = MigrationStatus.APPLIED, MigrationStatus.PENDING, MigrationStatus.DRIFTED
    tenants = (
        tenant("a-tenant-with-a-name-of-45-characters-or-more", *[applied] * (number - 25), *[pending] * 25),
        tenant("drifted", *[drifted] * 2, *[applied] * (number - 2)),
        tenant("new", *[pending] * number),
        tenant("done", *[applied] * number),
    )
    return printed(audit_view(a_document(*tenants), manifest), width)


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("number", [63, 300])
def test_many_migrations_are_folded_into_runs(number: int, width: int) -> None:
    lines = many_report(width, number)
    text = " ".join(" ".join(lines).split())
    run = f"{VERSIONS[number - 25]} … {VERSIONS[number - 1]}"
    assert f"{number - 25} applied · 25 pending: {run}" in text
    assert f"{number - 2} applied · 2 drifted: 0001, 0002" in text
    assert f"all {number} pending" in text
    assert f"25 migrations ({run}): pending (P0) not applied yet" in text
    assert text.count("not applied yet") == 1
    assert "2 migrations (0001, 0002): drifted (P0) index public.idx_a is missing" in text
    assert "Affected services: worker" in text
    assert max(map(len, lines)) <= width
    assert len(lines) < 40
    assert "a-tenant-with-a-name-of-45-characters-or-more" in text


def test_the_same_notes_of_ready_tenants_are_one_line() -> None:
    lines = report(*(a_tenant_entry(name, migrations=APPLIED, unexpected=[OWN]) for name in "abcdefg"))
    assert "  a, b, c, d, e and 2 more: extra index public.own (btree (a)), not in the manifest" in lines
