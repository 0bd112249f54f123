"""Applies one migration to one tenant: run, proven, recorded, and committed together, or not at all."""

import time
from contextlib import suppress

from psycopg import sql

from pgfleet.catalog.objects import ObjectKind
from pgfleet.catalog.shared_objects import may_write_shared
from pgfleet.documents.audit import DifferenceEntry, LedgerState
from pgfleet.documents.plan import IDLE, RUNS, Action, TenantPlan
from pgfleet.documents.rollout import MigrationStep, StepStatus
from pgfleet.errors import CannotDryRun, DatabaseError, NotProven, PgfleetError, TransactionInterrupted
from pgfleet.manifest.model import Migration
from pgfleet.postgres.apply.execution import execute, prove
from pgfleet.postgres.apply.ledger import forget_started, record, record_started
from pgfleet.postgres.apply.row_changes import check_row_losses, read_guards
from pgfleet.postgres.apply.statements import forget_finished, read_finished, run_statements
from pgfleet.postgres.apply.tool_ledger import record_in_tool_ledger
from pgfleet.postgres.locks import lock_shared, tenant_lock, tenant_lock_of_session
from pgfleet.postgres.read.audit_steps import verify
from pgfleet.postgres.read.inspection import TenantInspection, inspect
from pgfleet.postgres.session import Session
from pgfleet.rollout.advice import build_error_entry
from pgfleet.rollout.results import DONE_ALREADY, build_step
from pgfleet.rollout.revalidate import RECORDED, is_recorded, revalidate
from pgfleet.run.context import RunContext


def migrate(session: Session, context: RunContext, plan: TenantPlan, version: str) -> MigrationStep:
    """Takes the migration's planned action in the tenant, and returns the step.

    A permanent error, or an outcome that is not proven, is rolled back and becomes the step's error. Raises transient
    DatabaseErrors, with nothing done, and TransactionInterrupted.
    """
    migration, began = context.migration(version), time.monotonic()
    is_run = plan.of(version).action in RUNS
    carry_out = _in_transaction if migration.transactional or not is_run else _outside_transaction
    try:
        action, along = carry_out(session, context, plan, migration)
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


def _in_transaction(
    session: Session, context: RunContext, plan: TenantPlan, migration: Migration
) -> tuple[Action, tuple[str, ...]]:
    """Acts in one transaction; returns the action taken, and which later migrations were rerun along with it."""
    along: tuple[str, ...] = ()
    with session.transaction(), tenant_lock(session):
        if _works_on_shared(session, context, plan, migration):
            lock_shared(session)
        before = inspect(session, context)
        action = _revalidate(session, context, plan, migration, before)
        if action in RUNS:
            guards = read_guards(session, context)
            along = execute(session, context, plan, migration, before)
            check_row_losses(guards, read_guards(session, context))
        if action not in IDLE:
            _record(session, context, migration, action, before)
        for version in along:
            _record(session, context, context.migration(version), plan.of(version).action, before)
    return action, along


def _works_on_shared(session: Session, context: RunContext, plan: TenantPlan, migration: Migration) -> bool:
    """Whether the migration, or one that may run along, may write to objects that the database's tenants share."""
    if plan.of(migration.version).action not in RUNS:
        return False
    expected = context.expected(session.server_major, session.home)
    versions = {migration.version, *(expected.later_changers(migration.version) & plan.runs)}
    return any(may_write_shared(context.migration(each), expected) for each in versions)


def _outside_transaction(
    session: Session, context: RunContext, plan: TenantPlan, migration: Migration
) -> tuple[Action, tuple[str, ...]]:
    """Acts with statements outside a transaction: the ledger says `started` before and `applied` after them."""
    if session.is_dry_run:
        raise CannotDryRun(f"{migration.file} runs outside a transaction, so it cannot be rolled back")
    session.require_own_session(f"{migration.file} runs outside a transaction")
    with tenant_lock_of_session(session, shared=_works_on_shared(session, context, plan, migration)):
        before = inspect(session, context)
        action = _revalidate(session, context, plan, migration, before)
        if action in RUNS:
            session.check_script(migration.script)
            _check_undoes_nothing(session, context, migration, before)
            record_started(session, migration, run_id=context.run_id)
            try:
                _drop_invalid_indexes(session, before, migration.version)
                is_resumed = was_started(before, migration)
                run_statements(session, migration, run_id=context.run_id, is_resumed=is_resumed)
            except DatabaseError:
                _clean_up(session, context, migration, before)
                raise
            after = inspect(session, context, assumed=frozenset({migration.version}))
            try:
                prove(session, context, before, after, migration.version, plan)
            except NotProven:
                forget_finished(session, migration)  # the next run starts over
                raise
        if action not in IDLE:
            with session.transaction():
                _record(session, context, migration, action, before)
                forget_finished(session, migration)
    return action, ()


def was_started(before: TenantInspection, migration: Migration) -> bool:
    """Whether an earlier run started this script, unchanged, and did not finish it."""
    row = before.observed.ledger.get(migration.version)
    return row is not None and row.state is LedgerState.STARTED and row.checksum == migration.script.checksum


def _record(
    session: Session, context: RunContext, migration: Migration, action: Action, before: TenantInspection
) -> None:
    """Records the action in our ledger, and the migration in the tool's; an adoption only where it is not recorded."""
    found = before.observed.ledger.get(migration.version)
    if action is not Action.ADOPT or found is None or found.state not in RECORDED:
        record(session, migration, action, run_id=context.run_id)
    record_in_tool_ledger(session, context.manifest, migration)


def _check_undoes_nothing(
    session: Session, context: RunContext, migration: Migration, before: TenantInspection
) -> None:
    """Raises NotProven if the script, which cannot be rolled back, may undo a later migration's change."""
    known = {each.identity for each in before.assessment.differences}
    for provenance in context.expected(session.server_major, session.home).provenances:
        versions = [step.version for step in provenance.steps]
        if migration.version in versions[:-1] and provenance.object.identity not in known:
            name = provenance.object.identity.qualified(session.home)
            raise NotProven(
                f"it runs outside a transaction and may undo {versions[-1]}'s change to {name}: run it by hand"
            )


def _revalidate(
    session: Session, context: RunContext, plan: TenantPlan, migration: Migration, before: TenantInspection
) -> Action:
    planned, recorded = plan.of(migration.version), before.observed.ledger.get(migration.version)
    if planned.declared:
        tool = before.observed.tool
        in_tool_ledger = tool is not None and migration.version in tool.versions
        state = recorded.state if recorded else None
        is_known = is_recorded(state, context.manifest.ledger, in_tool_ledger=in_tool_ledger)
        return Action.SKIP if is_known else Action.ADOPT
    found = verify(session, context, before, migration.version)
    is_ours = recorded is not None and recorded.run_id == context.run_id
    return revalidate(planned.action, found, is_ours=is_ours, ledger=context.manifest.ledger)


def _drop_invalid_indexes(session: Session, inspection: TenantInspection, version: str) -> None:
    """Drops what an attempt that failed left: an index that no query uses, and that IF NOT EXISTS would keep."""
    assessment = inspection.assessment
    for chain, _ in assessment.expected.history.by_version[version]:
        found = assessment.found.get(chain.identity)
        if found and found.identity.kind is ObjectKind.INDEX and not found.attributes["valid"]:
            name = sql.Identifier(found.identity.schema or session.home, found.identity.name).as_string()
            session.run_outside_transaction(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def _clean_up(session: Session, context: RunContext, migration: Migration, before: TenantInspection) -> None:
    """After a failure, if the connection still works: drops invalid indexes, and restores the ledger row if no
    statement has finished.
    """
    if session.is_open:
        with suppress(PgfleetError):  # the caller raises the first failure
            _drop_invalid_indexes(session, inspect(session, context), migration.version)
            if not read_finished(session, migration):
                row = before.observed.ledger.get(migration.version)
                forget_started(session, migration, row, run_id=context.run_id)


def _done(migration: Migration, plan: TenantPlan, action: Action) -> MigrationStep:
    planned = plan.of(migration.version).action
    if action is Action.SKIP and planned is not Action.SKIP:
        return build_step(migration, plan, StepStatus.DONE, detail=DONE_ALREADY)
    status = StepStatus.SKIPPED if action is Action.SKIP else StepStatus.DONE
    return build_step(migration, plan, status, action=action)
