"""A step of a tenant's rollout: how long it took, and what a permanent error makes of it."""

import time
from collections.abc import Callable
from typing import TypeVar

from pgfleet.documents.audit import DifferenceEntry
from pgfleet.documents.entry import Entry
from pgfleet.documents.plan import TenantPlan
from pgfleet.documents.rollout import MigrationStep, StepStatus
from pgfleet.errors import CannotDryRun, NotProven, PgfleetError, TransactionInterrupted
from pgfleet.manifest.model import Migration
from pgfleet.rollout.advice import build_error_entry
from pgfleet.rollout.results import build_step

Step = TypeVar("Step", bound=Entry)


def run_step(work: Callable[[], Step], failed: Callable[[PgfleetError], Step]) -> Step:
    """What `work` returns, or what `failed` makes of a permanent error, with the duration.

    Raises transient errors, and TransactionInterrupted.
    """
    began = time.monotonic()
    try:
        step = work()
    except PgfleetError as error:
        if error.transient or isinstance(error, TransactionInterrupted):
            raise
        step = failed(error)
    return step.model_copy(update={"duration_ms": round(1000 * (time.monotonic() - began))})


def failed_step(migration: Migration, plan: TenantPlan, error: PgfleetError) -> MigrationStep:
    """The step of a failed migration, with advice and the differences that it would have left."""
    residual: tuple[DifferenceEntry, ...] = error.residual if isinstance(error, NotProven) else ()
    step = build_step(migration, plan, StepStatus.FAILED)
    return step.model_copy(update={"error": build_error_entry(error), "residual": residual})


def ended_step(migration: Migration, plan: TenantPlan, error: PgfleetError) -> MigrationStep:
    """The step that the error ended: failed, or not exercised if a dry run cannot run it."""
    if isinstance(error, CannotDryRun):
        return build_step(migration, plan, StepStatus.NOT_EXERCISED, detail=str(error))
    return failed_step(migration, plan, error)
