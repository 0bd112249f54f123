"""Counted rows of a fleet at a terminal."""

import pytest
from unit.printed import printed
from unit.rollout_literals import (
    a_count,
    a_count_document,
    tenant_counts,
)
from unit.rollout_reports import HOSTILE

from pgfleet.documents.audit import SkippedEntry
from pgfleet.reports.blocks import MOST_TENANTS
from pgfleet.reports.views.counts import counts_view


def test_the_counts_of_a_fleet() -> None:
    document = a_count_document(
        tenant_counts("acme", a_count(1_204), a_count(31_000_000, exact=False, table="two"), ring="canary"),
        tenant_counts("down", reason="no answer"),
        tenant_counts("part", a_count(3), a_count(None, table="two"), reason="two could not be counted: timeout"),
        tenant_counts("empty", a_count(None), a_count(None, table="two")),
        tenant_counts("off", reason="no answer"),
    )
    assert printed(counts_view(document)) == [
        "tenant    one          two",
        "down        ?            ?",
        "part        3            ?",
        "off         ?            ?",
        "acme    1,204  ~31,000,000",
        "empty       -            -",
        "",
        "~ estimate · - no such table · ? not counted",
        "",
        "Could not be counted",
        "  no answer (2 tenants: down, off)",
        "  two could not be counted: timeout (1 tenant: part)",
        "",
        "5 tenants: 2 counted, 3 not counted",
        "Counts of prod · took 12.3 s · run run-7",
    ]


def test_without_tables_to_count_the_report_says_so() -> None:
    lines = printed(counts_view(a_count_document(tenant_counts("acme"))))
    assert lines[0] == "The manifest lists no tables to count ([[counts]])."


def test_many_counted_tables_have_a_row_each() -> None:
    counts = [a_count(number, table=f"table_{number}") for number in range(9)]
    lines = printed(counts_view(a_count_document(tenant_counts("acme", *counts))), 80)
    assert lines[:2] == ["tenant  table    rows", "acme    table_0  0"]
    assert lines[9] == "acme    table_8  8"


def test_counts_say_who_was_skipped() -> None:
    skipped = (SkippedEntry(name="gone", reason="its state is suspended"),)
    document = a_count_document(tenant_counts("acme", a_count(7))).model_copy(update={"skipped": skipped})
    assert "1 tenant skipped: gone (its state is suspended)" in printed(counts_view(document))


def test_complete_counts_are_short() -> None:
    assert printed(counts_view(a_count_document(tenant_counts("acme", a_count(7))))) == [
        "tenant  one",
        "acme      7",
        "",
        "1 tenant: 1 counted",
        "Counts of prod · took 12.3 s · run run-7",
    ]


def test_counts_are_capped_and_keep_what_could_not_be_counted() -> None:
    counted = [tenant_counts(f"t{number:03}", a_count(1)) for number in range(MOST_TENANTS + 1)]
    lines = printed(counts_view(a_count_document(*counted, tenant_counts("down", reason="no answer"))))
    assert lines[1].startswith("down")
    assert "… and 2 more, none worse" in lines


@pytest.mark.parametrize("name", HOSTILE)
def test_counts_show_names_and_reasons_literally(name: str) -> None:
    tenants = [tenant_counts(name, a_count(1, table=name), ring=name), tenant_counts("down", reason=name)]
    lines = printed(counts_view(a_count_document(*tenants)))
    assert lines[0].split() == ["tenant", name]
    assert lines[2].split() == [name, "1"]
    assert f"  {name} (1 tenant: down)" in lines
