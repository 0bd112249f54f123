"""Applies one migration to one tenant: run, proven, recorded, and committed together, or not at all."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

from pgfleet.documents.findings import LedgerState
from pgfleet.documents.plan import IDLE, RUNS, Action, TenantPlan
from pgfleet.documents.rollout import MigrationStep, StepStatus
from pgfleet.errors import CannotDryRun, PgfleetError, TransactionInterrupted
from pgfleet.judge.observations import LedgerRow
from pgfleet.manifest.model import Migration
from pgfleet.postgres.apply.action import record_action, revalidated_action, works_on_shared
from pgfleet.postgres.apply.carried_inspection import CarriedInspection
from pgfleet.postgres.apply.execution import execute
from pgfleet.postgres.apply.ledger import has_others, others_queries
from pgfleet.postgres.apply.outside_transaction import act_outside_transaction
from pgfleet.postgres.apply.row_changes import GuardedTables, check_row_losses
from pgfleet.postgres.apply.steps import run_step
from pgfleet.postgres.guard import script_guard
from pgfleet.postgres.locks import locked_transaction
from pgfleet.postgres.read.comparison import TenantInspection, reassess
from pgfleet.postgres.read.inspection import inspect
from pgfleet.postgres.read.prefetch import Prefetched
from pgfleet.postgres.session import Session
from pgfleet.rollout.guard import GuardObservation
from pgfleet.rollout.results import DONE_ALREADY, build_step, ended_step
from pgfleet.run.context import RunContext

Taken = tuple[Action, tuple[str, ...]]
"""The action taken, and which later migrations were rerun along with it."""


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
            action, along = _act_in_transaction(session, context, plan, migration, carried)
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


def _act_in_transaction(
    session: Session, context: RunContext, plan: TenantPlan, migration: Migration, carried: CarriedInspection
) -> Taken:
    """Acts on the migration, beginning with what is `carried`.

    A failure that may be due to what somebody has changed since is tried once more, with a new look. Raises a
    PgfleetError, with nothing done.
    """
    attempt = _Attempt(session, context, plan, migration)
    known = carried.take(session)
    try:
        taken = attempt.on_known(*known) if known else attempt.on_new_look()
    except PgfleetError as error:
        if not known or error.transient or isinstance(error, CannotDryRun | TransactionInterrupted):
            raise
        taken = attempt.on_new_look(instead_of=(known[0], error))
    with suppress(PgfleetError):  # the next step reads the tenant, and finds out
        left = attempt.left if attempt.is_assessed else reassess(session, context, attempt.left.observed)
        carried.put(left, attempt.guarded)
    return taken


class _Attempt:
    """Acts in a transaction with the tenant's lock. After it, the tenant is as `left`, if assessed anew."""

    left: TenantInspection
    is_assessed: bool

    def __init__(self, session: Session, context: RunContext, plan: TenantPlan, migration: Migration) -> None:
        self.session, self.context, self.plan, self.migration = session, context, plan, migration
        self.guarded = GuardedTables(context, session.home)
        self.is_shared = works_on_shared(session, context, plan, migration)

    def on_new_look(self, instead_of: tuple[TenantInspection, PgfleetError] | None = None) -> Taken:
        """Reads the catalog first. Raises the error of an attempt that failed if that knew the same catalog."""
        session = self.session
        with locked_transaction(session, shared=self.is_shared):
            before = inspect(session, self.context)
            if instead_of and instead_of[0].observed.catalog == before.observed.catalog:
                raise instead_of[1]
            action = revalidated_action(session, self.context, self.plan, self.migration, before)
            if action not in RUNS:
                return self._record(action, before, before)
            guards = self.guarded.fetch(session)
            session.check_script(self.migration.script)
            return self._run(action, before, guards)

    def on_known(self, before: TenantInspection, guarded: GuardedTables) -> Taken:
        """Relies on what is known of the tenant; what must be read again is read when the transaction begins."""
        session, self.guarded = self.session, guarded
        action = revalidated_action(session, self.context, self.plan, self.migration, before)
        if action not in RUNS:
            with locked_transaction(session):
                return self._record(action, before, before)
        script = script_guard(self.migration.script.sql)
        queries = (*others_queries(session, is_shared=self.is_shared), *guarded.queries, script)
        with locked_transaction(session, *queries, shared=self.is_shared) as rows:
            if not (self.is_shared and has_others(rows.pop(0))):
                return self._run(action, before, guarded.read(rows))
        return self.on_new_look()  # another tenant of the database may have created the shared objects since

    def _run(self, action: Action, before: TenantInspection, guards: Mapping[str, GuardObservation]) -> Taken:
        done = execute(self.session, self.context, self.plan, self.migration, before, self.guarded.queries)
        check_row_losses(guards, self.guarded.read(done.rows))
        return self._record(action, before, done.after, done.along)

    def _record(
        self, action: Action, before: TenantInspection, after: TenantInspection, along: tuple[str, ...] = ()
    ) -> Taken:
        actions = {self.migration.version: action, **{version: self.plan.of(version).action for version in along}}
        for version, each in actions.items():
            if each not in IDLE:
                record_action(self.session, self.context, self.context.migration(version), each, before)
        recorded = {version: each for version, each in actions.items() if each not in IDLE}
        self.left, known = self._recorded(after, recorded), after.records
        # A script's migration was assumed to be recorded when the tenant was assessed after it.
        self.is_assessed = recorded.keys() <= (known.ledger or set()) - known.started and after.observed.tool is None
        return action, along

    def _recorded(self, found: TenantInspection, actions: Mapping[str, Action]) -> TenantInspection:
        """The inspection with what was recorded since."""
        observed, ledger = found.observed, self.context.manifest.ledger
        rows = {version: self._row(version, action) for version, action in actions.items()}
        observed = replace(observed, ledger={**observed.ledger, **rows})
        if observed.tool and ledger and ledger.write:
            observed = replace(observed, tool=replace(observed.tool, versions=observed.tool.versions | frozenset(rows)))
        return TenantInspection(observed, found.records, found.assessment, Prefetched())

    def _row(self, version: str, action: Action) -> LedgerRow:
        state = LedgerState.ADOPTED if action is Action.ADOPT else LedgerState.APPLIED
        return LedgerRow(
            state=state, checksum=self.context.migration(version).script.checksum, run_id=self.context.run_id
        )
