"""The failures of a ring's tenants: how many it may have, and which have the same cause."""

from collections.abc import Iterable, Mapping

from pgfleet.documents.entry import ErrorEntry
from pgfleet.documents.ring import FailureGroup
from pgfleet.documents.rollout import Result, StepStatus, TenantResult

FAULTY = frozenset({Result.FAILED, Result.UNREACHABLE})
"""The results that count against a failure budget."""


def group_failures(results: Iterable[TenantResult]) -> tuple[FailureGroup, ...]:
    """One group per key, the largest first; a tenant is in the group of every failure it had."""
    groups: dict[str, tuple[ErrorEntry, list[str]]] = {}
    for result in results:
        for key, error in _failures(result):
            _, names = groups.setdefault(key, (error, []))
            names.append(result.name)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1][1]), item[0]))
    return tuple(
        FailureGroup(signature=key, message=error.message, advice=error.advice, tenants=tuple(names))
        for key, (error, names) in ordered
    )


def failure_group_key(error: ErrorEntry, subject: str | None = None) -> str:
    """`42P01 · 20250328 · line 4`: SQLSTATE (else the message), subject, and line, as far as known."""
    where = f"line {error.line}" if error.line else None
    return " · ".join(filter(None, (error.sqlstate or error.message, subject, where)))


def _failures(result: TenantResult) -> list[tuple[str, ErrorEntry]]:
    if result.result not in FAULTY:
        return []
    found: list[tuple[ErrorEntry | None, str | None]] = [(result.error, None)] if result.error else []
    found += [(result.repair.error, "repair")] if result.repair and result.repair.error else []
    steps = [(each.error, each.version) for each in result.migrations if each.status is StepStatus.FAILED]
    seeds = [(each.error, f"seed {each.name}") for each in result.seeds if each.status is StepStatus.FAILED]
    return [(failure_group_key(error, subject), error) for error, subject in (*found, *steps, *seeds) if error]


def allowed_failures(ring: str, budgets: Mapping[str, int | str], ring_size: int) -> int:
    """The number of the ring's tenants that may fail; a percentage is rounded down, and the default is 0."""
    budget = budgets.get(ring, 0)
    if isinstance(budget, str):
        return ring_size * int(budget.removesuffix("%")) // 100
    return budget


def count_failures(results: Iterable[TenantResult]) -> int:
    """The number of tenants that count against the budget: failed and unreachable ones."""
    return sum(each.result in FAULTY for each in results)
