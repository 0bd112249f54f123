"""The steps of a tenant's rollout that do not run, because of the plan or because of earlier steps."""

from collections.abc import Sequence

from pgfleet.documents.plan import Action, TenantPlan
from pgfleet.documents.rollout import MigrationStep, SeedStep, StepStatus
from pgfleet.manifest.model import Migration, Seed
from pgfleet.manifest.order import Order
from pgfleet.rollout.idle import skip_detail
from pgfleet.rollout.preconditions import refusal
from pgfleet.rollout.results import blocked_status, build_step, failed_step, find_blocker


def skipped_step(migration: Migration, plan: TenantPlan) -> MigrationStep:
    """The step of a migration that is left as it is."""
    return build_step(migration, plan, StepStatus.SKIPPED, detail=skip_detail(plan.of(migration.version)))


def unrun_step(
    migration: Migration, plan: TenantPlan, steps: Sequence[MigrationStep], order: Order, stop_reason: str | None
) -> MigrationStep | None:
    """The step of a migration that earlier `steps`, or a pooler, keep from running now; None if nothing does.

    `stop_reason` says why no further step begins, if none does.
    """
    planned = plan.of(migration.version)
    if planned.action is Action.REFUSE and plan.is_all_or_nothing:
        return failed_step(migration, plan, refusal(planned, migration.file))
    if stop_reason:
        return build_step(migration, plan, StepStatus.NOT_REACHED, detail=stop_reason)
    if earlier := next((each.version for each in steps if migration.version in each.along), None):
        detail = f"run in the transaction of {earlier}, which undoes part of it"
        return build_step(migration, plan, StepStatus.DONE, detail=detail)
    if blocker := find_blocker(order.requires[migration.version], steps):
        status, detail = blocked_status(blocker)
        return build_step(migration, plan, status, detail=detail)
    if planned.action is Action.REFUSE:
        return failed_step(migration, plan, refusal(planned, migration.file))
    return None


def unrun_revert(
    migration: Migration, plan: TenantPlan, steps: Sequence[MigrationStep], stop_reason: str | None
) -> MigrationStep | None:
    """The step of a revert that cannot begin, as a later migration was not reverted; None if it can begin."""
    if stop_reason:
        return build_step(migration, plan, StepStatus.NOT_REACHED, detail=stop_reason)
    blocker = next((each for each in steps if each.status is not StepStatus.DONE), None)
    if blocker is None:
        return None
    if blocker.status is StepStatus.NOT_EXERCISED:
        detail = f"the revert of {blocker.version} was not exercised"
        return build_step(migration, plan, StepStatus.NOT_EXERCISED, detail=detail)
    return build_step(migration, plan, StepStatus.NOT_REACHED, detail=f"{blocker.version} was not reverted")


def unrun_seed(seed: Seed, steps: Sequence[MigrationStep], stop_reason: str | None) -> SeedStep | None:
    """The step of a seed that cannot begin; None if it can."""
    if stop_reason:
        return SeedStep(name=seed.name, status=StepStatus.NOT_REACHED, detail=stop_reason)
    if blocker := find_blocker((seed.requires,), steps):
        status, detail = blocked_status(blocker)
        return SeedStep(name=seed.name, status=status, detail=detail)
    return None
