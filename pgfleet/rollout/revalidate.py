"""Checks planned actions again under the tenant's lock: the tenant may have changed since planning."""

from collections.abc import Collection

from pgfleet.documents.findings import Evidence, LedgerState, MigrationEntry, MigrationStatus
from pgfleet.documents.plan import RUNS, Action
from pgfleet.errors import PlanOutdated
from pgfleet.manifest.model import ToolLedger

RECORDED = frozenset({LedgerState.APPLIED, LedgerState.ADOPTED})
ACTION_DONE = {
    Action.APPLY: "applied",
    Action.REAPPLY: "reapplied",
    Action.RERUN: "rerun",
    Action.ADOPT: "adopted",
    Action.SKIP: "skipped",
    Action.REPAIR: "repaired",
    Action.LEAVE: "left as it is",
    Action.REFUSE: "refused",
    Action.REVERT: "reverted",
}
PLANNED_FOR = {
    MigrationStatus.PENDING: {Action.APPLY},
    MigrationStatus.DRIFTED: {Action.REAPPLY, Action.REPAIR, Action.LEAVE},
}


def is_recorded(state: LedgerState | None, ledger: ToolLedger | None, *, in_tool_ledger: bool | None) -> bool:
    """Whether our ledger records a migration as applied, and the tool's `ledger` too if rollouts write to it."""
    return state in RECORDED and (ledger is None or not ledger.write or in_tool_ledger is True)


def revalidate(planned: Action, found: MigrationEntry, *, is_ours: bool, ledger: ToolLedger | None = None) -> Action:
    """The action to take now: the planned one, or less if another run did the work in between.

    `is_ours` means that this run wrote the ledger row: it committed and then lost the connection. `ledger` is the
    migration tool's. Raises PlanOutdated if the action would differ from the planned, and possibly approved, one.
    """
    is_applied = found.status is MigrationStatus.APPLIED
    is_known = is_recorded(found.ledger, ledger, in_tool_ledger=found.in_tool_ledger)
    if planned is Action.RERUN:
        return Action.SKIP if is_applied and is_ours and is_known else Action.RERUN
    if is_applied and planned in RUNS and found.evidence is Evidence.ORDER and found.ledger not in RECORDED:
        raise PlanOutdated("nothing shows that it ran, and objects of later migrations exist now")
    if is_applied:
        return Action.SKIP if is_known else Action.ADOPT
    if planned in PLANNED_FOR.get(found.status, ()):
        return planned
    if planned in RUNS and found.ledger is LedgerState.STARTED:
        return planned  # our own interrupted attempt outside a transaction
    raise PlanOutdated(f"was to be {ACTION_DONE[planned]}, but is {found.status} now")


def is_as_proven(action: Action, found: MigrationEntry, known: Collection[str]) -> bool:
    """Whether a migration is, after its commit, as it was proven; `known` objects differed before.

    What was reverted is pending. What was run is applied, or drifted only in what differed before.
    """
    if action is Action.REVERT:
        return found.status is MigrationStatus.PENDING
    is_known = all(each.passed for each in found.checks) and {each.identity for each in found.differences} <= {*known}
    return found.status is MigrationStatus.APPLIED or (found.status is MigrationStatus.DRIFTED and is_known)
