"""How many tenants of a ring may fail before the rollout halts."""

from collections.abc import Iterable, Mapping

from pgfleet.documents.rollout import Result, TenantResult

COUNTED = frozenset({Result.FAILED, Result.UNREACHABLE})


def allowed_failures(ring: str, budgets: Mapping[str, int | str], ring_size: int) -> int:
    """The number of the ring's tenants that may fail; a percentage is rounded down, and the default is 0."""
    budget = budgets.get(ring, 0)
    if isinstance(budget, str):
        return ring_size * int(budget.removesuffix("%")) // 100
    return budget


def count_failures(results: Iterable[TenantResult]) -> int:
    """The number of tenants that count against the budget: failed and unreachable ones."""
    return sum(each.result in COUNTED for each in results)
