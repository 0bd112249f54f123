"""The rows that a revert deletes together with the tables that it drops."""

from collections.abc import Iterable, Iterator

from pgfleet.documents.plan import TenantPlan
from pgfleet.judge.summary import tenant_count
from pgfleet.reports.blocks import Lines, Section, section
from pgfleet.wording import plural


def deleted_rows_section(plans: Iterable[TenantPlan]) -> tuple[Section, ...]:
    """Each dropped table with its rows in all tenants; nothing if no table is dropped."""
    found: dict[str, list[tuple[str, int | None, bool]]] = {}
    for plan in plans:
        for each in plan.dropped:
            found.setdefault(each.table, []).append((plan.name, each.rows, each.exact))
    return section("Rows that the revert deletes", Lines(lines=tuple(_lines(found))))


def _lines(found: dict[str, list[tuple[str, int | None, bool]]]) -> Iterator[str]:
    """`posts: 12 rows in 3 tenants, at most 10 in acme`."""
    for table, tenants in sorted(found.items()):
        where = f"in {tenant_count(len(tenants))}"
        counted = [(rows, name) for name, rows, _ in tenants if rows is not None]
        if not counted:
            yield f"{table}: all rows {where}, not counted"
            continue
        about = "" if all(exact for _, rows, exact in tenants if rows is not None) else "about "
        most, name = max(counted)
        largest = f", at most {most} in {name}" if len(tenants) > 1 else ""
        uncounted = f"; not counted in {len(tenants) - len(counted)}" if len(counted) < len(tenants) else ""
        yield f"{table}: {about}{plural(sum(rows for rows, _ in counted), 'row')} {where}{largest}{uncounted}"
