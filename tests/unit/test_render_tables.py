"""Rows for table artifacts: capped, worst first."""

import pytest
from unit.literals import a_difference_entry, a_document, a_migration_entry, a_tenant_entry

from pgfleet.documents.audit import Verdict
from pgfleet.documents.findings import MigrationStatus, SeedEntry, SeedStatus
from pgfleet.reports.rows import LONGEST_CELL, MOST_ROWS
from pgfleet.reports.tables import tenant_rows


def test_a_row_says_what_a_person_wants_to_know() -> None:
    tenant = a_tenant_entry(
        "acme",
        Verdict.BLOCKED,
        ring="canary",
        migrations=[
            a_migration_entry(version="1"),
            a_migration_entry(MigrationStatus.DRIFTED, "2", differences=[a_difference_entry()]),
            a_migration_entry(MigrationStatus.PENDING, "3"),
        ],
        seeds=[SeedEntry(name="rules", status=SeedStatus.MISSING)],
    )
    assert tenant_rows(a_document(tenant)) == [
        {
            "tenant": "acme",
            "verdict": "blocked",
            "fix": "pgfleet rollout prod --tenant acme",
            "what is wrong": "2 drifted: index public.idx_a is missing; not applied: 3",
            "ring": "canary",
            "worth knowing": "seed rules is missing",
        }
    ]


def test_a_ready_tenant_has_nothing_wrong_and_one_without_a_ring_an_empty_cell() -> None:
    [row] = tenant_rows(a_document(a_tenant_entry("acme", ring=None, migrations=[a_migration_entry()])))
    assert list(row.values()) == ["acme", "ready", "", "", "", ""]


def test_the_worst_come_first() -> None:
    tenants = [a_tenant_entry(f"{number}", verdict) for number, verdict in enumerate(reversed(Verdict))]
    rows = tenant_rows(a_document(*tenants))
    assert [row["verdict"] for row in rows] == ["blocked", "unreachable", "unknown", "degraded", "ready"]


@pytest.mark.parametrize("more", [1, 3, 900])
def test_rows_are_capped_and_the_last_says_how_many_are_left_out(more: int) -> None:
    ready = [a_tenant_entry(f"t{number:04}") for number in range(MOST_ROWS + more - 1)]
    rows = tenant_rows(a_document(*ready, a_tenant_entry("worst", Verdict.BLOCKED)))
    assert len(rows) == MOST_ROWS + 1
    assert rows[0]["tenant"] == "worst"
    assert rows[-1] == {**dict.fromkeys(rows[0], ""), "tenant": f"… and {more} more, none worse"}


def test_as_many_rows_as_allowed_have_no_last_row() -> None:
    rows = tenant_rows(a_document(*(a_tenant_entry(f"t{number:04}") for number in range(MOST_ROWS))))
    assert [row["tenant"] for row in rows] == [f"t{number:04}" for number in range(MOST_ROWS)]


def test_no_tenants_are_no_rows() -> None:
    assert tenant_rows(a_document()) == []


def test_a_cell_is_cut_where_it_is_too_long() -> None:
    reason = "x" * (LONGEST_CELL + 1)
    [row] = tenant_rows(a_document(a_tenant_entry("acme", Verdict.UNKNOWN, reason=reason)))
    assert row["what is wrong"] == "x" * (LONGEST_CELL - 1) + "…"


def test_a_row_says_what_fixes_its_tenant() -> None:
    drifted = a_migration_entry(MigrationStatus.DRIFTED, differences=[a_difference_entry()])
    pending = a_migration_entry(MigrationStatus.PENDING)
    tenants = [a_tenant_entry(*each) for each in (("a", Verdict.BLOCKED), ("b", Verdict.BLOCKED), ("c", Verdict.READY))]
    found = [[pending], [drifted], [a_migration_entry()]]
    entries = [each.model_copy(update={"migrations": tuple(one)}) for each, one in zip(tenants, found, strict=True)]
    rows = tenant_rows(a_document(*entries))
    assert [row["fix"] for row in rows] == ["pgfleet rollout prod --tenant a", "by hand", ""]


def test_a_name_is_never_a_link_of_its_own() -> None:
    [row] = tenant_rows(a_document(a_tenant_entry("[x](javascript:alert(1))", Verdict.UNKNOWN, reason="[y](z)")))
    assert row["tenant"] == "[x] (javascript:alert(1))"
    assert "](" not in "".join(row.values())
