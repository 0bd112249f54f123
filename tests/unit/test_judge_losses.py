"""Rows lost since the previous audit."""

import pytest
from unit.literals import a_tenant_entry

from pgfleet.documents.audit import TenantEntry
from pgfleet.documents.findings import CountEntry
from pgfleet.judge.enrich import add_losses, allowed_rows
from pgfleet.judge.summary import Outcome, outcome_of


def counting(rows: int | None, *, exact: bool = True, name: str = "acme", table: str = "t") -> TenantEntry:
    counts = (CountEntry(table=table, rows=rows, exact=exact),)
    return a_tenant_entry(name).model_copy(update={"counts": counts})


def lost(before: TenantEntry, now: TenantEntry, row_loss: int | str = "10%", **options: tuple[str, ...]) -> list[int]:
    [tenant] = add_losses([now], [before], row_loss, **options)
    return [each.before - each.now for each in tenant.losses]


@pytest.mark.parametrize(
    ("row_loss", "before", "rows"),
    [("10%", 1000, 100), ("10%", 9, 0), ("0%", 50, 0), ("100%", 7, 7), (0, 1000, 0), (25, 3, 25)],
)
def test_what_may_be_lost_is_rows_or_a_share_rounded_down(row_loss: int | str, before: int, rows: int) -> None:
    assert allowed_rows(row_loss, before) == rows


@pytest.mark.parametrize(
    ("now", "row_loss", "found"),
    [
        pytest.param(900, "10%", [], id="exactly what is allowed"),
        pytest.param(899, "10%", [101], id="one more"),
        pytest.param(1200, "10%", [], id="grown"),
        pytest.param(999, 0, [1], id="none is allowed"),
        pytest.param(0, "100%", [], id="switched off"),
    ],
)
def test_more_than_allowed_is_a_loss(now: int, row_loss: int | str, found: list[int]) -> None:
    assert lost(counting(1000), counting(now), row_loss) == found


@pytest.mark.parametrize(
    ("before", "now"),
    [
        pytest.param(counting(1000), counting(1, exact=False), id="exact, then an estimate"),
        pytest.param(counting(1000, exact=False), counting(1), id="an estimate, then exact"),
        pytest.param(counting(1000), counting(None), id="the table is gone, which is a difference"),
        pytest.param(counting(None), counting(1), id="it was not there"),
        pytest.param(counting(1000, table="other"), counting(1), id="it was not counted"),
        pytest.param(counting(1000, name="other"), counting(1), id="the tenant is new"),
    ],
)
def test_only_like_is_compared_with_like(before: TenantEntry, now: TenantEntry) -> None:
    assert lost(before, now) == []


def test_estimates_compare_with_estimates_and_say_so() -> None:
    [tenant] = add_losses([counting(10, exact=False)], [counting(1000, exact=False)], "10%")
    assert tenant.losses[0].model_dump() == {"table": "t", "before": 1000, "now": 10, "allowed": 100, "exact": False}


def test_a_table_that_may_shrink_loses_nothing() -> None:
    assert lost(counting(1000), counting(0), may_shrink=("t",)) == []


def test_a_loss_leaves_the_verdict_and_makes_the_run_drifted() -> None:
    tenants = add_losses([counting(0), counting(5, name="other")], [counting(1000)], "10%")
    assert [each.verdict for each in tenants] == ["ready", "ready"]
    assert outcome_of(tenants) is Outcome.DRIFTED
