"""Applies one migration to one tenant: run, proven, recorded, and committed together, or not at all."""

import time

from pgfleet.documents.audit import DifferenceEntry
from pgfleet.documents.plan import RUNS, Action, TenantPlan
from pgfleet.documents.rollout import MigrationStep, StepStatus
from pgfleet.errors import CannotDryRun, NotProven, PgfleetError, TransactionInterrupted
from pgfleet.manifest.model import Migration
from pgfleet.postgres.apply.carried_inspection import CarriedInspection
from pgfleet.postgres.apply.in_transaction import act_in_transaction
from pgfleet.postgres.apply.outside_transaction import act_outside_transaction
from pgfleet.postgres.session import Session
from pgfleet.rollout.advice import build_error_entry
from pgfleet.rollout.results import DONE_ALREADY, build_step
from pgfleet.run.context import RunContext


def migrate(
    session: Session, context: RunContext, plan: TenantPlan, version: str, carried: CarriedInspection
) -> MigrationStep:
    """Takes the migration's planned action in the tenant, and returns the step.

    Begins with what is `carried`, if that holds, and puts back how it left the tenant. A permanent error, or an outcome
    that is not proven, is rolled back and becomes the step's error. Raises transient DatabaseErrors, with nothing done,
    and TransactionInterrupted.
    """
    migration, began = context.migration(version), time.monotonic()
    is_run = plan.of(version).action in RUNS
    try:
        if migration.transactional or not is_run:
            action, along = act_in_transaction(session, context, plan, migration, carried)
        else:
            carried.forget()
            action, along = act_outside_transaction(session, context, plan, migration), ()
    except CannotDryRun as error:
        step = build_step(migration, plan, StepStatus.NOT_EXERCISED, detail=str(error))
    except PgfleetError as error:
        if error.transient or isinstance(error, TransactionInterrupted):
            raise
        step = failed_step(migration, plan, error)
    else:
        step = _done(migration, plan, action).model_copy(update={"along": along})
    return step.model_copy(update={"duration_ms": round(1000 * (time.monotonic() - began))})


def failed_step(migration: Migration, plan: TenantPlan, error: PgfleetError) -> MigrationStep:
    """The step of a failed migration, with advice and the differences that it would have left."""
    residual: tuple[DifferenceEntry, ...] = error.residual if isinstance(error, NotProven) else ()
    step = build_step(migration, plan, StepStatus.FAILED)
    return step.model_copy(update={"error": build_error_entry(error), "residual": residual})


def _done(migration: Migration, plan: TenantPlan, action: Action) -> MigrationStep:
    planned = plan.of(migration.version).action
    if action is Action.SKIP and planned is not Action.SKIP:
        return build_step(migration, plan, StepStatus.DONE, detail=DONE_ALREADY)
    status = StepStatus.SKIPPED if action is Action.SKIP else StepStatus.DONE
    return build_step(migration, plan, status, action=action)
