"""Reverts one migration of one tenant: its down script run, proven, recorded, and committed together, or not at all."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from pgfleet.catalog.shared_objects import may_write_shared
from pgfleet.documents.findings import MigrationStatus
from pgfleet.documents.plan import Action, TenantPlan
from pgfleet.documents.rollout import MigrationStep, StepStatus
from pgfleet.errors import CannotDryRun, DatabaseError, NotProven, PlanOutdated
from pgfleet.judge.observations import CountObservation
from pgfleet.manifest.model import Count, Migration
from pgfleet.postgres.apply.ledger import forget_started, record, record_reverted, record_started
from pgfleet.postgres.apply.outside_transaction import was_started
from pgfleet.postgres.apply.revert_proof import check_dependents, prove_reverted, read_dependents
from pgfleet.postgres.apply.row_changes import GuardedTables, check_row_losses
from pgfleet.postgres.apply.statements import forget_finished, read_finished, run_statements
from pgfleet.postgres.apply.steps import run_step
from pgfleet.postgres.apply.tool_ledger import remove_from_tool_ledger
from pgfleet.postgres.locks import lock_shared, locked_transaction, tenant_lock_of_session
from pgfleet.postgres.read.audit_steps import verify
from pgfleet.postgres.read.comparison import TenantInspection
from pgfleet.postgres.read.inspection import inspect
from pgfleet.postgres.read.queries import count_rows
from pgfleet.postgres.session import Session
from pgfleet.reports.phrases.audit import sentence
from pgfleet.rollout.results import REVERTED_ALREADY, build_step, ended_step
from pgfleet.rollout.reverting import dropped_tables, find_drift
from pgfleet.run.context import RunContext
from pgfleet.wording import plural

Counts = Sequence[CountObservation]


def revert(session: Session, context: RunContext, plan: TenantPlan, version: str) -> MigrationStep:
    """Runs the migration's down script in the tenant, and returns the step.

    A permanent error, or an outcome that is not proven, is rolled back and becomes the step's error. Raises transient
    DatabaseErrors, with nothing done, and TransactionInterrupted.
    """
    migration = context.migration(version)

    def act() -> MigrationStep:
        undo = _down_of(migration, plan)
        carry_out = _in_transaction if undo.transactional else _outside_transaction
        dropped = carry_out(session, context, migration, undo)
        detail = REVERTED_ALREADY if dropped is None else _losses(dropped)
        return build_step(migration, plan, StepStatus.DONE, detail=detail)

    return run_step(act, partial(ended_step, migration, plan))


def _down_of(migration: Migration, plan: TenantPlan) -> Migration:
    """The migration with its down script in place of its script. Raises PlanOutdated if that is not the planned one."""
    down = migration.down
    if down is None or down.problem or down.script.checksum != plan.of(migration.version).down_checksum:
        raise PlanOutdated("its down script changed after the plan was made")
    return replace(migration, script=down.script, transactional=down.transactional)


def _in_transaction(session: Session, context: RunContext, migration: Migration, undo: Migration) -> Counts | None:
    """Reverts in one transaction; returns the tables that are dropped, with their rows; None if it was done already."""
    with locked_transaction(session):
        if may_write_shared(undo, context.expected(session.server_major, session.home)):
            lock_shared(session)
        before = inspect(session, context)
        if not _is_to_do(session, context, undo, before):
            return None
        dropped = _count_dropped(session, context, migration, before)
        guards, gone = GuardedTables(context, session.home).fetch(session), {each.table for each in dropped}
        dependents = read_dependents(session, before)
        session.check_script(undo.script)
        session.run_script(undo.script)
        _record(session, context, migration, before)
        prove_reverted(session, context, before, migration.version)
        kept = {table: each for table, each in guards.items() if table not in gone}
        check_row_losses(kept, GuardedTables(context, session.home).fetch(session))
        check_dependents(session, dependents)
    return dropped


def _outside_transaction(session: Session, context: RunContext, migration: Migration, undo: Migration) -> Counts | None:
    """Reverts with statements outside a transaction: until all have run, the ledger says `started`."""
    if session.is_dry_run:
        raise CannotDryRun(f"{undo.file} runs outside a transaction, so it cannot be rolled back")
    session.require_own_session(f"{undo.file} runs outside a transaction")
    is_shared = may_write_shared(undo, context.expected(session.server_major, session.home))
    with tenant_lock_of_session(session, shared=is_shared):
        before = inspect(session, context)
        if not _is_to_do(session, context, undo, before):
            return None
        dropped = _count_dropped(session, context, migration, before)
        session.check_script(undo.script)
        record_started(session, undo, run_id=context.run_id)
        try:
            run_statements(session, undo, run_id=context.run_id, is_resumed=was_started(before, undo))
        except DatabaseError:
            if session.is_open and not read_finished(session, undo):
                row = before.observed.ledger.get(undo.version)
                forget_started(session, migration, row, run_id=context.run_id)
            raise
        try:
            with session.transaction():
                _record(session, context, migration, before)
                prove_reverted(session, context, before, migration.version)
                forget_finished(session, undo)
        except NotProven:
            forget_finished(session, undo)  # the next run starts over
            raise
    return dropped


def _is_to_do(session: Session, context: RunContext, undo: Migration, before: TenantInspection) -> bool:
    """Whether the migration is still to be reverted. Raises PlanOutdated if that is not possible any more."""
    entry = verify(session, context, before, undo.version)
    if entry.status is MigrationStatus.PENDING:
        return False
    position, places = before.assessment.position, before.assessment.expected.history.places
    later = [each for each in position.applied - context.order.repeatable if places[each] > places[undo.version]]
    if later:
        raise PlanOutdated(f"{max(later, key=places.__getitem__)}, which comes after it, is applied now")
    is_drifted = entry.status is MigrationStatus.DRIFTED and find_drift(entry, session.home) is not None
    if (is_drifted or entry.status is MigrationStatus.UNKNOWN) and not was_started(before, undo):
        raise PlanOutdated(f"was to be reverted, but is {entry.status} now: {sentence(entry)}")
    return True


def _record(session: Session, context: RunContext, migration: Migration, before: TenantInspection) -> None:
    """Records the revert in both ledgers, and the other applied migrations in ours.

    Without a record of these, a migration that leaves no trace in the catalog would not be known any more.
    """
    known = before.observed.ledger
    for version in before.assessment.position.applied - {migration.version}:
        if version not in known:
            record(session, context.migration(version), Action.ADOPT, run_id=context.run_id)
    record_reverted(session, migration, run_id=context.run_id)
    remove_from_tool_ledger(session, context.manifest, migration)


def _count_dropped(session: Session, context: RunContext, migration: Migration, before: TenantInspection) -> Counts:
    """The tables that the revert drops by design, with their rows."""
    whole, applied = context.expected(session.server_major, session.home), before.assessment.position.applied
    limit_rows = context.environment.policy.exact_count_limit_rows
    return tuple(
        count_rows(session, Count(table=table, may_shrink=True), limit_rows=limit_rows)
        for table in dropped_tables(whole, applied, applied - {migration.version})
    )


def _losses(dropped: Counts) -> str | None:
    """`deletes 20 rows of users and 3 rows of posts`; None if no row was in any of these tables."""
    parts = [
        f"{'' if each.exact else 'about '}{plural(each.rows, 'row')} of {each.table}" for each in dropped if each.rows
    ]
    return f"deletes {' and '.join(parts)}" if parts else None
