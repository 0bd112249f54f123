"""Rows for a rollout's table artifacts: few columns, named for people, worst tenants first."""

from collections.abc import Sequence
from typing import Any

from pgfleet.render.rollout_words import (
    count_change,
    result_sentence,
    rows_in_words,
    tenant_plan_sentence,
)
from pgfleet.render.tables import MOST_ROWS, shortened
from pgfleet.rollout.document import CountDocument, RingEntry, RolloutDocument
from pgfleet.rollout.plan import RolloutPlan
from pgfleet.rollout.summary import worst_first

Row = dict[str, Any]


def plan_rows(plan: RolloutPlan) -> list[Row]:
    """A row a tenant: what will be done in it; those with something to do come first."""
    ordered = sorted(plan.tenants, key=lambda each: not (each.changes or each.obstacle))
    rows = [
        {"tenant": each.name, "ring": each.ring, "what will be done": shortened(tenant_plan_sentence(each))}
        for each in ordered
    ]
    return capped(rows, "and nothing to be done in most")


def rollout_rows(document: RolloutDocument) -> list[Row]:
    """A row a tenant: what came of it, worst first."""
    rows = [
        {
            "tenant": each.name,
            "result": each.result.replace("_", " "),
            "what came of it": shortened(result_sentence(each)),
            "ring": each.ring,
        }
        for each in worst_first(document.tenants)
    ]
    return capped(rows, "none worse")


def count_rows_of(document: RolloutDocument) -> list[Row]:
    """A row a tenant and counted table, before and after; those that fell come first."""
    rows = [
        {
            "tenant": tenant.name,
            "table": pair.table,
            "before": rows_in_words(pair.before),
            "after": rows_in_words(pair.after),
            "": "fewer" if count_change(pair).endswith("FEWER") else "",
        }
        for tenant in document.tenants
        for pair in tenant.counts
    ]
    return capped(sorted(rows, key=lambda row: not row[""]), "none of them fewer")


def fleet_count_rows(document: CountDocument) -> list[Row]:
    """A row a tenant, with a column a table; those that could not be counted come first."""
    tables = list(dict.fromkeys(each.table for tenant in document.tenants for each in tenant.counts or ()))
    rows = []
    for tenant in sorted(document.tenants, key=lambda each: each.reason is None):
        counted = {each.table: rows_in_words(each) for each in tenant.counts or ()}
        numbers = {table: counted.get(table, "?") for table in tables}
        rows.append({"tenant": tenant.name, **numbers, "why not": shortened(tenant.reason or "")})
    return capped(rows, "all counted")


def watch_rows(ring: RingEntry) -> list[Row]:
    """A row a tenant and watched table; findings come first."""
    rows = [
        {
            "tenant": each.tenant,
            "ring": ring.name,
            "watched": f"{each.watch} ({each.table})",
            "": "FINDING" if each.is_finding else "",
            "what was seen": shortened(each.detail),
        }
        for each in sorted(ring.watch, key=lambda entry: not entry.is_finding)
    ]
    return capped(rows, "no finding among them")


def capped(rows: Sequence[Row], rest: str) -> list[Row]:
    """At most MOST_ROWS, and a last row that says how many were left out."""
    kept = list(rows[:MOST_ROWS])
    if left_out := len(rows) - len(kept):
        first = next(iter(kept[0]))
        kept.append({**dict.fromkeys(kept[0], ""), first: f"… and {left_out} more, {rest}"})
    return kept
