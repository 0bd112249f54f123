"""The outcome, exit status, and summary of a rollout."""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum

from pgfleet.documents.plan import Action
from pgfleet.documents.ring import RingEntry, RingOutcome
from pgfleet.documents.rollout import SUCCEEDED, Result, StepStatus, TenantResult


class RolloutOutcome(StrEnum):
    """The outcome of a rollout; also the name of the flow run's final state."""

    COMPLETED = "Completed"
    """Everything that was requested is done."""
    FINDINGS = "Findings"
    """Everything that was requested is done, but a tenant still has drift that a rollout does not fix."""
    FAILED = "Failed"
    """A tenant failed within the failure budget, the watch had findings, or a service did not restart."""
    INCOMPLETE = "Incomplete"
    """A tenant could not be inspected."""
    FINDINGS_INCOMPLETE = "Findings, incomplete"
    """Both."""
    FAILED_INCOMPLETE = "Failed, incomplete"
    """Both."""
    HALTED = "Halted"
    """The failure budget was exceeded, or a ring did not stay ready: the remaining tenants were not started."""
    REFUSED = "Refused"
    """A hazard is denied, or the plan was not approved or was outdated: nothing was changed."""


def outcome_of(rings: Sequence[RingEntry], tenants: Iterable[TenantResult]) -> RolloutOutcome:
    """Halted takes precedence over failed, and failed over findings; the last two also say if that is not all."""
    found = tuple(tenants)
    if any(each.outcome is RingOutcome.HALTED for each in rings):
        return RolloutOutcome.HALTED
    is_incomplete = any(map(_is_incomplete, found))
    results = {each.result for each in found if not _is_incomplete(each)}
    if not results <= SUCCEEDED or any(map(_has_findings, rings)):
        return RolloutOutcome.FAILED_INCOMPLETE if is_incomplete else RolloutOutcome.FAILED
    if any(map(has_remaining_drift, found)):
        return RolloutOutcome.FINDINGS_INCOMPLETE if is_incomplete else RolloutOutcome.FINDINGS
    return RolloutOutcome.INCOMPLETE if is_incomplete else RolloutOutcome.COMPLETED


def exit_status(outcome: RolloutOutcome, tenants: Iterable[TenantResult]) -> int:
    """0 if everything is done; 3 if a tenant could not be inspected; otherwise 1."""
    if any(_is_incomplete(each) for each in tenants):
        return 3
    return 0 if outcome is RolloutOutcome.COMPLETED else 1


def summarize(tenants: Iterable[TenantResult]) -> dict[str, int]:
    """The number of tenants, in total and by result; partly exercised ones only if a dry run has any."""
    tally = Counter(each.result for each in tenants)
    order = [Result.DONE, Result.UNCHANGED, Result.FAILED, Result.NOT_REACHED, Result.UNREACHABLE]
    order[1:1] = [Result.PARTLY_EXERCISED] if Result.PARTLY_EXERCISED in tally else []
    return {"tenants": tally.total(), **{str(result): tally[result] for result in order}}


def result_of(migrations: Iterable[StepStatus], seeds: Iterable[StepStatus]) -> Result:
    """A tenant's result from the statuses of its migrations and seeds."""
    statuses = {*migrations, *seeds}
    if statuses & {StepStatus.FAILED, StepStatus.NOT_REACHED, StepStatus.ROLLED_BACK}:
        return Result.FAILED
    if StepStatus.NOT_EXERCISED in statuses:
        return Result.PARTLY_EXERCISED
    return Result.DONE if StepStatus.DONE in statuses else Result.UNCHANGED


def worst_first(tenants: Iterable[TenantResult]) -> tuple[TenantResult, ...]:
    """By result (failed, unreachable, not reached, partly exercised, done, unchanged), then by name."""
    order = list(Result)
    return tuple(sorted(tenants, key=lambda each: (order.index(each.result), each.name)))


def has_remaining_drift(tenant: TenantResult) -> bool:
    """Whether the tenant still has drift, or a migration whose checks fail, that the rollout did not fix."""
    return bool(tenant.remaining) or any(each.action is Action.LEAVE for each in tenant.migrations)


def _has_findings(ring: RingEntry) -> bool:
    return any(each.is_finding for each in ring.watch) or any(not each.restarted for each in ring.restarts)


def _is_incomplete(tenant: TenantResult) -> bool:
    return tenant.result is Result.UNREACHABLE or tenant.obstacle is not None
