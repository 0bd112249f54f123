"""Whether a planned action is still right under the tenant's lock."""

import pytest
from unit.literals import a_difference_entry, a_migration_entry

from pgfleet.documents.findings import LedgerState, MigrationStatus
from pgfleet.documents.plan import Action
from pgfleet.documents.rollout import Result
from pgfleet.errors import PlanOutdated
from pgfleet.rollout.revalidate import is_as_proven, revalidate

FAILED, DONE = Result.FAILED, Result.DONE


def found(status: MigrationStatus, ledger: LedgerState | None = None) -> object:
    return a_migration_entry(status).model_copy(update={"ledger": ledger})


PENDING, DRIFTED, APPLIED = MigrationStatus.PENDING, MigrationStatus.DRIFTED, MigrationStatus.APPLIED


@pytest.mark.parametrize(
    ("was", "status", "ledger", "is_ours", "action"),
    [
        (Action.APPLY, PENDING, None, False, Action.APPLY),
        (Action.REAPPLY, DRIFTED, None, False, Action.REAPPLY),
        (Action.APPLY, APPLIED, LedgerState.APPLIED, False, Action.SKIP),
        (Action.APPLY, APPLIED, None, False, Action.ADOPT),
        (Action.ADOPT, APPLIED, None, False, Action.ADOPT),
        (Action.APPLY, DRIFTED, LedgerState.STARTED, False, Action.APPLY),
        (Action.RERUN, APPLIED, LedgerState.APPLIED, False, Action.RERUN),
        (Action.RERUN, APPLIED, LedgerState.APPLIED, True, Action.SKIP),
        (Action.RERUN, DRIFTED, LedgerState.APPLIED, True, Action.RERUN),
    ],
)
def test_the_action_under_the_lock(
    was: Action, status: MigrationStatus, ledger: LedgerState | None, is_ours: bool, action: Action
) -> None:
    assert revalidate(was, found(status, ledger), is_ours=is_ours) is action


@pytest.mark.parametrize(
    ("was", "status", "said"),
    [
        (Action.APPLY, DRIFTED, "was to be applied, but is drifted now"),
        (Action.REAPPLY, PENDING, "was to be reapplied, but is pending now"),
        (Action.ADOPT, DRIFTED, "was to be adopted, but is drifted now"),
        (Action.APPLY, MigrationStatus.UNKNOWN, "was to be applied, but is unknown now"),
    ],
)
def test_any_other_status_makes_the_plan_outdated(was: Action, status: MigrationStatus, said: str) -> None:
    with pytest.raises(PlanOutdated, match=said):
        revalidate(was, found(status), is_ours=False)


@pytest.mark.parametrize(
    ("action", "status", "known", "expected"),
    [
        (Action.APPLY, MigrationStatus.APPLIED, (), True),
        (Action.APPLY, MigrationStatus.PENDING, (), False),
        (Action.REAPPLY, MigrationStatus.DRIFTED, ("public.idx_a",), True),
        (Action.REAPPLY, MigrationStatus.DRIFTED, (), False),
        (Action.REVERT, MigrationStatus.PENDING, (), True),
        (Action.REVERT, MigrationStatus.APPLIED, (), False),
        (Action.REVERT, MigrationStatus.DRIFTED, ("public.idx_a",), False),
    ],
)
def test_after_a_commit_a_migration_is_as_its_action_leaves_it(
    action: Action, status: MigrationStatus, known: tuple[str, ...], expected: bool
) -> None:
    differences = [a_difference_entry()] if status is MigrationStatus.DRIFTED else []
    assert is_as_proven(action, a_migration_entry(status, differences=differences), known) is expected
