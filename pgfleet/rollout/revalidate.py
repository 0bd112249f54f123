"""What is still to do in a tenant, now that its lock is held: others may have been there since the plan was made."""

from pgfleet.documents.audit import LedgerState, MigrationEntry, MigrationStatus
from pgfleet.documents.plan import RUNS, Action
from pgfleet.errors import PlanOutdated

RECORDED = frozenset({LedgerState.APPLIED, LedgerState.ADOPTED})
PARTICIPLE = {
    Action.SKIP: "left alone",
    Action.ADOPT: "adopted",
    Action.APPLY: "applied",
    Action.REAPPLY: "healed",
    Action.RERUN: "run again",
}
PLANNED_FOR = {MigrationStatus.PENDING: Action.APPLY, MigrationStatus.DRIFTED: Action.REAPPLY}


def revalidate(planned: Action, found: MigrationEntry, *, is_ours: bool) -> Action:
    """The action that is right now: the planned one, or less where somebody has done it meanwhile.

    `is_ours` says that the ledger's row is of this very run, which has then committed and lost the connection before
    it was told so. Raises PlanOutdated where it would be another than was planned, and perhaps approved.
    """
    is_applied = found.status is MigrationStatus.APPLIED
    if planned is Action.RERUN:
        return Action.SKIP if is_applied and is_ours and found.ledger in RECORDED else Action.RERUN
    if is_applied:
        return Action.SKIP if found.ledger in RECORDED else Action.ADOPT
    if PLANNED_FOR.get(found.status) is planned:
        return planned
    if planned in RUNS and found.ledger is LedgerState.STARTED:
        return planned  # an attempt of our own at what runs in no transaction, which broke off
    raise PlanOutdated(f"it is {found.status} now, and was to be {PARTICIPLE[planned]}")
