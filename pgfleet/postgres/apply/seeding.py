"""Plants one seed in one tenant: rows that are missing are added, rows that are there are left alone."""

import time

from pgfleet.catalog.objects import Catalog
from pgfleet.catalog.shared_objects import may_write_shared
from pgfleet.documents.audit import SeedStatus
from pgfleet.documents.rollout import SeedStep, StepStatus
from pgfleet.errors import DryRunInterrupted, GuardTripped, NotProven, PgfleetError, Rejected
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
    """Runs the seed's script where baseline rows are missing, in one transaction with its check.

    What alters or deletes a row that was there, or any object, is rolled back, and is the step's error, as is a
    baseline row that is not there afterwards. Raises transient DatabaseErrors, with nothing done, and
    DryRunInterrupted.
    """
    began = time.monotonic()
    try:
        with session.transaction(), tenant_lock(session):
            seed = context.seed(name)
            if may_write_shared(seed, context.expected(session.server_major)):
                lock_shared(session)
            step = _apply_seed(session, context, seed)
    except PgfleetError as error:
        if error.transient or isinstance(error, DryRunInterrupted):
            raise
        step = failed_seed(name, error)
    return step.model_copy(update={"duration_ms": round(1000 * (time.monotonic() - began))})


def failed_seed(name: str, error: PgfleetError) -> SeedStep:
    """The step of a seed that failed, with what to do next."""
    return SeedStep(name=name, status=StepStatus.FAILED, error=build_error_entry(error))


def _apply_seed(session: Session, context: RunContext, seed: Seed) -> SeedStep:
    baseline = context.expected(session.server_major).seeds[seed.name]
    before = read_seed(session, seed, baseline)
    found = judge_seed(seed, baseline, before)
    if found.status is not SeedStatus.MISSING:
        return SeedStep(name=seed.name, status=StepStatus.SKIPPED, detail=f"it is {found.status}")
    changes, guards = read_changes(session, seed.table), read_guards(session, context)
    objects = inspect(session, context).observed.catalog
    session.run_script(seed.script)
    _refuse_altered_objects(objects, inspect(session, context).observed.catalog)
    _refuse_altered_rows(seed, changes, read_changes(session, seed.table))
    check_row_losses(guards, read_guards(session, context))
    after = read_seed(session, seed, baseline)
    left = judge_seed(seed, baseline, after)
    if left.status not in {SeedStatus.PRESENT, SeedStatus.CUSTOMIZED}:
        raise NotProven(f"the seed is {left.status} afterwards: {left.detail}")
    added = len(after.rows) - len(before.rows)
    return SeedStep(name=seed.name, status=StepStatus.DONE, rows_added=added)


def _refuse_altered_objects(before: Catalog, after: Catalog) -> None:
    if (before.fingerprint, before.unexpected) != (after.fingerprint, after.unexpected):
        raise Rejected("the seed makes, alters or drops objects, which is for a migration to do")


def _refuse_altered_rows(seed: Seed, before: Changes | None, after: Changes | None) -> None:
    if before is None or after is None:
        raise GuardTripped(f"{seed.table} is not there, so what the seed does to its rows cannot be seen")
    if before.storage != after.storage or after.deleted > before.deleted:
        raise GuardTripped(f"the seed deletes rows of {seed.table} that were there")
    if after.updated > before.updated:
        raise GuardTripped(f"the seed alters {after.updated - before.updated} rows of {seed.table} that were there")
