"""Which earlier inspections may still be current."""

from datetime import UTC, datetime, timedelta

import pytest

from pgfleet.documents.audit import Evidence, PositionEntry, StampEntry, TenantEntry, Verdict
from pgfleet.judge.unchanged import StampedAudit, earlier_inspections

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
    assert earlier_inspections([ENTRY], almost, WEEK)["acme"].read == "unchanged since 2026-11-24T02:00:13Z"
    assert earlier_inspections([ENTRY], NOW + WEEK, WEEK) == {}


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
    assert earlier_inspections([ENTRY.model_copy(update=update)], NOW, WEEK) == {}


def test_the_same_is_read_from_a_document() -> None:
    document = StampedAudit.model_validate_json(f'{{"run_id": "1", "tenants": [{ENTRY.model_dump_json()}]}}')
    assert earlier_inspections(document.tenants, NOW, WEEK) == earlier_inspections([ENTRY], NOW, WEEK)
