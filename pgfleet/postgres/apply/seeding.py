"""Applies one seed to one tenant: adds missing rows and leaves existing ones alone."""

import time

from pgfleet.catalog.objects import Catalog
from pgfleet.catalog.shared_objects import may_write_shared
from pgfleet.documents.audit import SeedStatus
from pgfleet.documents.rollout import SeedStep, StepStatus
from pgfleet.errors import GuardTripped, NotProven, PgfleetError, Rejected, TransactionInterrupted
from pgfleet.judge.seeds import judge_seed
from pgfleet.manifest.model import Seed
from pgfleet.postgres.apply.row_changes import Changes, check_row_losses, read_changes, read_guards
from pgfleet.postgres.locks import lock_shared, tenant_lock
from pgfleet.postgres.read.inspection import inspect
from pgfleet.postgres.read.queries import read_seed
from pgfleet.postgres.session import Session
from pgfleet.rollout.advice import build_error_entry
from pgfleet.run.context import RunContext


def apply_seed(session: Session, context: RunContext, name: str) -> SeedStep:
    """Runs the seed's script if baseline rows are missing, and proves the outcome, in one transaction.

    A script that changes existing rows or any object, or that leaves a baseline row missing, is rolled back and becomes
    the step's error. Raises transient DatabaseErrors, with nothing done, and TransactionInterrupted.
    """
    began = time.monotonic()
    try:
        with session.transaction(), tenant_lock(session):
            seed = context.seed(name)
            if may_write_shared(seed, context.expected(session.server_major, session.home)):
                lock_shared(session)
            step = _apply_seed(session, context, seed)
    except PgfleetError as error:
        if error.transient or isinstance(error, TransactionInterrupted):
            raise
        step = failed_seed(name, error)
    return step.model_copy(update={"duration_ms": round(1000 * (time.monotonic() - began))})


def failed_seed(name: str, error: PgfleetError) -> SeedStep:
    """The step of a seed that failed, with what to do next."""
    return SeedStep(name=name, status=StepStatus.FAILED, error=build_error_entry(error))


def _apply_seed(session: Session, context: RunContext, seed: Seed) -> SeedStep:
    baseline = context.expected(session.server_major, session.home).seeds[seed.name]
    before = read_seed(session, seed, baseline)
    status = judge_seed(seed, baseline, before).status
    if status is not SeedStatus.MISSING:
        return SeedStep(name=seed.name, status=StepStatus.SKIPPED, detail=f"it is {status}")
    changes, guards = read_changes(session, seed.table), read_guards(session, context)
    objects = inspect(session, context).observed.catalog
    session.check_script(seed.script)
    session.run_script(seed.script)
    _check_objects_unchanged(objects, inspect(session, context).observed.catalog)
    _check_rows_unchanged(seed, changes, read_changes(session, seed.table))
    check_row_losses(guards, read_guards(session, context))
    after = read_seed(session, seed, baseline)
    entry = judge_seed(seed, baseline, after)
    if entry.status not in {SeedStatus.PRESENT, SeedStatus.CUSTOMIZED}:
        raise NotProven(f"the seed is {entry.status} afterwards: {entry.detail}")
    added = len(after.rows) - len(before.rows)
    return SeedStep(name=seed.name, status=StepStatus.DONE, rows_added=added)


def _check_objects_unchanged(before: Catalog, after: Catalog) -> None:
    counted = before.unexpected_left_out != after.unexpected_left_out
    if counted or (before.fingerprint, before.unexpected) != (after.fingerprint, after.unexpected):
        raise Rejected("the seed creates, alters, or drops objects; only a migration may do that")


def _check_rows_unchanged(seed: Seed, before: Changes | None, after: Changes | None) -> None:
    if before is None or after is None:
        raise GuardTripped(f"{seed.table} does not exist, so the seed's effect on its rows cannot be checked")
    if before.storage != after.storage or after.deleted > before.deleted:
        raise GuardTripped(f"the seed deletes existing rows of {seed.table}")
    if after.updated > before.updated:
        raise GuardTripped(f"the seed alters {after.updated - before.updated} existing rows of {seed.table}")
