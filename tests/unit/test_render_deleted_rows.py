"""The rows that a revert deletes, in the plan."""

from unit.rollout_literals import a_count, a_tenant_plan

from pgfleet.documents.plan import TenantPlan
from pgfleet.reports.blocks import Lines
from pgfleet.reports.views.plan import deleted_rows_section


def dropping(name: str, rows: int | None, *, exact: bool = True) -> TenantPlan:
    return a_tenant_plan(name).model_copy(update={"dropped": (a_count(rows, exact=exact, table="posts"),)})


def lines(*plans: TenantPlan) -> tuple[str, ...]:
    [section] = deleted_rows_section(plans)
    [block] = section.blocks
    assert isinstance(block, Lines)
    return block.lines


def test_a_plan_that_deletes_no_rows_has_no_section_for_them() -> None:
    assert deleted_rows_section([a_tenant_plan("acme")]) == ()


def test_rows_are_added_up_and_the_largest_tenant_is_named() -> None:
    assert lines(dropping("acme", 7)) == ("posts: 7 rows in 1 tenant",)
    assert lines(dropping("acme", 7), dropping("globex", 12)) == ("posts: 19 rows in 2 tenants, at most 12 in globex",)


def test_what_is_estimated_or_not_counted_is_marked() -> None:
    assert lines(dropping("acme", 7, exact=False)) == ("posts: about 7 rows in 1 tenant",)
    assert lines(dropping("acme", None)) == ("posts: all rows in 1 tenant, not counted",)
    assert lines(dropping("acme", 1), dropping("globex", None)) == (
        "posts: 1 row in 2 tenants, at most 1 in acme; not counted in 1",
    )
