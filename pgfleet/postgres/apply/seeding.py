"""Applies one seed to one tenant: adds missing rows and leaves existing ones alone."""

from collections.abc import Mapping
from functools import partial

from pgfleet.catalog.objects import Catalog
from pgfleet.catalog.shared_objects import may_write_shared
from pgfleet.documents.findings import SeedStatus
from pgfleet.documents.rollout import SeedStep, StepStatus
from pgfleet.errors import GuardTripped, NotProven, PgfleetError, Rejected, TransactionInterrupted
from pgfleet.judge.entries import judge_seed
from pgfleet.judge.observations import QueryResult, SeedObservation
from pgfleet.manifest.model import Seed
from pgfleet.postgres.apply.carried_inspection import CarriedInspection
from pgfleet.postgres.apply.ledger import has_others, others_queries
from pgfleet.postgres.apply.row_changes import Changes, GuardedTables, changes_of, changes_query, check_row_losses
from pgfleet.postgres.apply.steps import run_step
from pgfleet.postgres.guard import script_guard
from pgfleet.postgres.locks import locked_transaction
from pgfleet.postgres.read.comparison import TenantInspection
from pgfleet.postgres.read.inspection import inspect, inspect_again
from pgfleet.postgres.read.queries import read_seed, seed_observation, seed_query
from pgfleet.postgres.session import Session
from pgfleet.rollout.advice import build_error_entry
from pgfleet.rollout.guard import GuardObservation
from pgfleet.run.context import RunContext


def apply_seed(session: Session, context: RunContext, name: str, carried: CarriedInspection) -> SeedStep:
    """Runs the seed's script if baseline rows are missing, and proves the outcome, in one transaction.

    Begins with what is `carried`, if that holds, and puts back how it left the tenant.
    A script that changes existing rows or any object, or that leaves a baseline row missing, is rolled back and becomes
    the step's error. Raises transient DatabaseErrors, with nothing done, and TransactionInterrupted.
    """
    return run_step(lambda: _Attempt(session, context, context.seed(name)).apply(carried), partial(failed_seed, name))


def failed_seed(name: str, error: PgfleetError) -> SeedStep:
    """The step of a seed that failed, with what to do next."""
    return SeedStep(name=name, status=StepStatus.FAILED, error=build_error_entry(error))


class _Attempt:
    """Applies a seed in one transaction with the tenant's lock. After it, the tenant is as `left`."""

    left: TenantInspection

    def __init__(self, session: Session, context: RunContext, seed: Seed) -> None:
        self.session, self.context, self.seed = session, context, seed
        expected = context.expected(session.server_major, session.home)
        self.baseline, self.is_shared = expected.seeds[seed.name], may_write_shared(seed, expected)
        self.rows_query = seed_query(seed, self.baseline, home=session.home)
        self.changes_query = changes_query(seed.table, home=session.home)

    def apply(self, carried: CarriedInspection) -> SeedStep:
        """Adds the missing rows. Raises NotProven, GuardTripped, Rejected, and DatabaseErrors, with nothing done."""
        known = carried.take(self.session)
        if known is None:
            return self._on_new_look()
        step: SeedStep | None
        try:
            step = self._on_known(*known)
        except PgfleetError as error:
            if error.transient or isinstance(error, TransactionInterrupted):
                raise
            step = None  # somebody may have changed the tenant since
        if step is None:
            return self._on_new_look()
        carried.put(self.left, known[1])
        return step

    def _on_known(self, before: TenantInspection, guarded: GuardedTables) -> SeedStep | None:
        """None if another tenant of the database may have changed the shared objects since."""
        session, script = self.session, script_guard(self.seed.script.sql)
        others = others_queries(session, is_shared=self.is_shared)
        queries = (*others, self.rows_query, self.changes_query, *guarded.queries, script)
        with locked_transaction(session, *queries, shared=self.is_shared) as rows:
            if self.is_shared and has_others(rows.pop(0)):
                return None
            seeded, changed, *guards = rows
            self.left = before
            found = seed_observation(QueryResult(rows=tuple(seeded)))
            if skipped := self._skipped(found):
                return skipped
            return self._add(before, found, changes_of(changed), guarded, guarded.read(guards))

    def _on_new_look(self) -> SeedStep:
        session, guarded = self.session, GuardedTables(self.context, self.session.home)
        with locked_transaction(session, shared=self.is_shared):
            found = read_seed(session, self.seed, self.baseline)
            if skipped := self._skipped(found):
                return skipped
            before, guards = inspect(session, self.context), guarded.fetch(session)
            [changed] = session.fetch(self.changes_query)
            session.check_script(self.seed.script)
            return self._add(before, found, changes_of(changed), guarded, guards)

    def _skipped(self, found: SeedObservation) -> SeedStep | None:
        status = judge_seed(self.seed, self.baseline, found).status
        if status is SeedStatus.MISSING:
            return None
        return SeedStep(name=self.seed.name, status=StepStatus.SKIPPED, detail=f"it is {status}")

    def _add(
        self,
        before: TenantInspection,
        found: SeedObservation,
        changes: Changes | None,
        guarded: GuardedTables,
        guards: Mapping[str, GuardObservation],
    ) -> SeedStep:
        session, seed = self.session, self.seed
        session.run_script(seed.script)
        queries = (self.rows_query, self.changes_query, *guarded.queries)
        after, [seeded, changed, *rows] = inspect_again(session, self.context, before, also=queries)
        _check_objects_unchanged(before.observed.catalog, after.observed.catalog)
        _check_rows_unchanged(seed, changes, changes_of(changed))
        check_row_losses(guards, guarded.read(rows))
        entry = judge_seed(seed, self.baseline, seed_observation(QueryResult(rows=tuple(seeded))))
        if entry.status not in {SeedStatus.PRESENT, SeedStatus.CUSTOMIZED}:
            raise NotProven(f"the seed is {entry.status} afterwards: {entry.detail}")
        self.left = after
        return SeedStep(name=seed.name, status=StepStatus.DONE, rows_added=len(seeded) - len(found.rows))


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
