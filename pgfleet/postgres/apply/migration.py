"""Applies one migration to one tenant: run, proven, recorded, and committed together, or not at all."""

from functools import partial

from pgfleet.documents.plan import RUNS, Action, TenantPlan
from pgfleet.documents.rollout import MigrationStep, StepStatus
from pgfleet.manifest.model import Migration
from pgfleet.postgres.apply.carried_inspection import CarriedInspection
from pgfleet.postgres.apply.in_transaction import act_in_transaction
from pgfleet.postgres.apply.outside_transaction import act_outside_transaction
from pgfleet.postgres.apply.steps import run_step
from pgfleet.postgres.session import Session
from pgfleet.rollout.results import DONE_ALREADY, build_step, ended_step
from pgfleet.run.context import RunContext


def migrate(
    session: Session, context: RunContext, plan: TenantPlan, version: str, carried: CarriedInspection
) -> MigrationStep:
    """Takes the migration's planned action in the tenant, and returns the step.

    Begins with what is `carried`, if that holds, and puts back how it left the tenant. A permanent error, or an outcome
    that is not proven, is rolled back and becomes the step's error. Raises transient DatabaseErrors, with nothing done,
    and TransactionInterrupted.
    """
    migration = context.migration(version)

    def act() -> MigrationStep:
        if migration.transactional or plan.of(version).action not in RUNS:
            action, along = act_in_transaction(session, context, plan, migration, carried)
            return _done(migration, plan, action).model_copy(update={"along": along})
        carried.forget()
        return _done(migration, plan, act_outside_transaction(session, context, plan, migration))

    return run_step(act, partial(ended_step, migration, plan))


def _done(migration: Migration, plan: TenantPlan, action: Action) -> MigrationStep:
    planned = plan.of(migration.version).action
    if action is Action.SKIP and planned is not Action.SKIP:
        return build_step(migration, plan, StepStatus.DONE, detail=DONE_ALREADY)
    status = StepStatus.SKIPPED if action is Action.SKIP else StepStatus.DONE
    return build_step(migration, plan, status, action=action)
