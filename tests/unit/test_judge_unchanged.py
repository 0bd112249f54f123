"""Which earlier inspections may still be current."""

from datetime import UTC, datetime, timedelta

import pytest

from pgfleet.documents.audit import PositionEntry, StampEntry, TenantEntry, Verdict
from pgfleet.documents.findings import Evidence
from pgfleet.judge.unchanged import earlier_inspections, inspections_in

NOW, WEEK = datetime(2026, 11, 24, 2, 0, 13, tzinfo=UTC), timedelta(days=7)
STAMP = StampEntry(digest="d", inputs="i", read_at=NOW, has_ledger=True)
ENTRY = TenantEntry(
    name="acme",
    ring="main",
    verdict=Verdict.READY,
    fingerprint="f",
    position=PositionEntry(version="1", applied=1, pending=0, unknown=0, by=Evidence.CATALOG),
    stamp=STAMP,
)


def test_a_complete_inspection_holds_until_a_full_audit_is_due() -> None:
    almost = NOW + WEEK - timedelta(seconds=1)
    assert (
        earlier_inspections(inspections_in([ENTRY]), almost, WEEK)["acme"].read
        == "unchanged since 2026-11-24T02:00:13Z"
    )
    assert earlier_inspections(inspections_in([ENTRY]), NOW + WEEK, WEEK) == {}


@pytest.mark.parametrize(
    "update",
    [
        {"stamp": None},
        {"fingerprint": None},
        {"position": None},
        {"verdict": Verdict.UNKNOWN},
        {"reason": "a count failed"},
        {"other_tables": 3},
    ],
)
def test_an_incomplete_inspection_does_not_hold(update: dict[str, object]) -> None:
    assert inspections_in([ENTRY.model_copy(update=update)]) == ()


def test_the_last_inspection_of_a_tenant_counts() -> None:
    [first] = inspections_in([ENTRY])
    last = first.model_copy(update={"stamp": STAMP.model_copy(update={"read_at": NOW + timedelta(days=1)})})
    assert earlier_inspections([last, first], NOW + timedelta(days=2), WEEK) == {"acme": last}
