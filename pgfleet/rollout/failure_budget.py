"""How many tenants of a ring may fail before the rollout halts."""

from collections.abc import Iterable, Mapping

from pgfleet.documents.rollout import Result, TenantResult

COUNTED = frozenset({Result.FAILED, Result.UNREACHABLE})


def allowed_failures(ring: str, budgets: Mapping[str, int | str], ring_size: int) -> int:
    """How many of the ring's tenants may fail: a number as it is, of a percentage the whole tenants; else none."""
    budget = budgets.get(ring, 0)
    if isinstance(budget, str):
        return ring_size * int(budget.removesuffix("%")) // 100
    return budget


def count_failures(results: Iterable[TenantResult]) -> int:
    """How many tenants count against the budget: those that failed, and those that could not be reached."""
    return sum(each.result in COUNTED for each in results)
