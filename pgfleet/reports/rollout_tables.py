"""Rows for a rollout's table artifacts: few columns, named for people, worst first."""

from collections.abc import Sequence

from pgfleet.documents.audit import CountEntry
from pgfleet.documents.plan import RUNS, RolloutPlan, TenantPlan
from pgfleet.documents.rollout import (
    CountDocument,
    CountPair,
    RingEntry,
    RolloutDocument,
    StepStatus,
    TenantCounts,
    TenantResult,
)
from pgfleet.manifest.model import Manifest
from pgfleet.reports.issues import alike, errors_of
from pgfleet.reports.phrases.rollout import error_sentence, is_unseen, seed_sentence, step_word, tenant_plan_sentence
from pgfleet.reports.tables import MOST_ROWS, shortened
from pgfleet.rollout.summary import worst_first

Row = dict[str, str]
FEWER, UNCERTAIN, MORE, SAME = range(4)


def plan_rows(plan: RolloutPlan, manifest: Manifest) -> list[Row]:
    """A row a tenant: first those that nothing can be done in, then those in which scripts are run."""
    rows = [
        {"tenant": each.name, "ring": each.ring, "what will be done": shortened(tenant_plan_sentence(each, manifest))}
        for each in sorted(plan.tenants, key=_urgency)
    ]
    return _capped(rows, "none with more to do")


def rollout_rows(document: RolloutDocument) -> list[Row]:
    """A row a tenant: what came of it."""
    rows = [
        {
            "tenant": each.name,
            "result": each.result.replace("_", " "),
            "what came of it": shortened(result_sentence(each)),
            "ring": each.ring,
        }
        for each in worst_first(document.tenants)
    ]
    return _capped(rows, "none worse")


def count_rows_of(document: RolloutDocument) -> list[Row]:
    """A row a tenant and counted table: first where rows are gone, then where it cannot be said, then the rest."""
    pairs = [(tenant.name, pair) for tenant in document.tenants for pair in tenant.counts]
    rows = [
        {
            "tenant": tenant,
            "table": pair.table,
            **dict(zip(("before", "after"), pair_in_words(pair), strict=True)),
            "difference": gain_in_words(pair),
        }
        for tenant, pair in sorted(pairs, key=lambda item: count_rank(item[1]))
    ]
    return _capped(rows, "none worse")


def fleet_count_rows(document: CountDocument) -> list[Row]:
    """A row a tenant, with a column a table: first those that could not be counted."""
    tables = counted_tables(document)
    rows = [
        {
            "tenant": each.name,
            "ring": each.ring,
            **dict(zip(tables, counts_in_words(each, tables), strict=True)),
            "why not": shortened(each.reason or ""),
        }
        for each in sorted(document.tenants, key=lambda each: each.reason is None)
    ]
    return _capped(rows, "none worse")


def watch_rows(ring: RingEntry) -> list[Row]:
    """A row a tenant and watched table: first findings, then what could not be watched."""
    rows = [
        {
            "tenant": each.tenant,
            "ring": ring.name,
            "watched": f"{each.watch} ({each.table})",
            "finding": "yes" if each.is_finding else "not known" if is_unseen(each) else "no",
            "what was seen": shortened(each.detail),
        }
        for each in sorted(ring.watch, key=lambda each: (not each.is_finding, not is_unseen(each)))
    ]
    return _capped(rows, "none worse")


def result_sentence(result: TenantResult) -> str:
    """What came of one tenant: why it failed, or what was done in it."""
    faults = [f"{error_sentence(error)} {where}".strip() for error, _, where in errors_of(result)]
    if faults or result.reason:
        return "; ".join(faults) or result.reason or ""
    found = [(step_word(each), each.version) for each in result.migrations if each.status is not StepStatus.SKIPPED]
    parts = [f"{word} {', '.join(versions)}" for word, versions in alike(found).items()]
    parts += [f"seed {seed_sentence(each)}" for each in result.seeds if each.status is not StepStatus.SKIPPED]
    return "; ".join(parts) or "there was nothing to do"


def counted_tables(document: CountDocument) -> tuple[str, ...]:
    """The tables that were counted in any tenant."""
    return tuple(dict.fromkeys(each.table for tenant in document.tenants for each in tenant.counts or ()))


def counts_in_words(tenant: TenantCounts, tables: Sequence[str]) -> tuple[str, ...]:
    """A tenant's rows of each of the tables; `?` where they could not be counted."""
    found = {each.table: each for each in tenant.counts or () if each.rows is not None or tenant.reason is None}
    return tuple(rows_in_words(found.get(table)) for table in tables)


def rows_in_words(entry: CountEntry | None) -> str:
    """`1,204`; `~1,200,000` for an estimate; `-` where there is no such table, `?` where it was not counted."""
    if entry is None:
        return "?"
    return "-" if entry.rows is None else f"{'' if entry.exact else '~'}{entry.rows:,}"


def pair_in_words(pair: CountPair) -> tuple[str, str]:
    """The rows before and after."""
    return rows_in_words(pair.before), rows_in_words(pair.after)


def gain_in_words(pair: CountPair) -> str:
    """`+14`, `-3`, `0`; `~+500` where one of both is an estimate; empty where it cannot be said."""
    gained = rows_gained(pair)
    if gained is None:
        return ""
    is_exact = pair.before and pair.before.exact and pair.after and pair.after.exact
    return f"{'' if is_exact else '~'}{gained:+,}" if gained else "0"


def rows_gained(pair: CountPair) -> int | None:
    """How many more rows there are than before; None where it cannot be said."""
    before, after = (each.rows if each else None for each in (pair.before, pair.after))
    return None if before is None or after is None else after - before


def count_rank(pair: CountPair) -> int:
    """FEWER rows than before, UNCERTAIN whether those that were there are, MORE, or the SAME."""
    gained = rows_gained(pair)
    if gained is None:
        return UNCERTAIN if pair.before and pair.before.rows else SAME
    return FEWER if gained < 0 else MORE if gained else SAME


def _urgency(plan: TenantPlan) -> int:
    is_run = any(each.action in RUNS for each in plan.migrations)
    return 0 if plan.obstacle or plan.refused else 1 if is_run else 2 if plan.changes else 3


def _capped(rows: list[Row], rest: str) -> list[Row]:
    """At most MOST_ROWS, and a last row that says how many were left out."""
    kept = rows[:MOST_ROWS]
    if left_out := len(rows) - len(kept):
        kept.append({**dict.fromkeys(kept[0], ""), "tenant": f"… and {left_out} more, {rest}"})
    return kept
