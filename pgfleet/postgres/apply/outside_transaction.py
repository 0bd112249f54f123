"""Acts on one migration with statements outside a transaction, such as CREATE INDEX CONCURRENTLY."""

from contextlib import suppress

from psycopg import sql

from pgfleet.catalog.objects import ObjectKind
from pgfleet.documents.findings import LedgerState
from pgfleet.documents.plan import IDLE, RUNS, Action, TenantPlan
from pgfleet.errors import CannotDryRun, DatabaseError, NotProven, PgfleetError
from pgfleet.manifest.model import Migration
from pgfleet.postgres.apply.action import record_action, revalidated_action, works_on_shared
from pgfleet.postgres.apply.execution import prove
from pgfleet.postgres.apply.ledger import forget_started, record_started
from pgfleet.postgres.apply.statements import forget_finished, read_finished, run_statements
from pgfleet.postgres.locks import tenant_lock_of_session
from pgfleet.postgres.read.comparison import TenantInspection
from pgfleet.postgres.read.inspection import inspect
from pgfleet.postgres.session import Session
from pgfleet.run.context import RunContext


def act_outside_transaction(session: Session, context: RunContext, plan: TenantPlan, migration: Migration) -> Action:
    """Acts with statements outside a transaction: the ledger says `started` before and `applied` after them."""
    if session.is_dry_run:
        raise CannotDryRun(f"{migration.file} runs outside a transaction, so it cannot be rolled back")
    session.require_own_session(f"{migration.file} runs outside a transaction")
    with tenant_lock_of_session(session, shared=works_on_shared(session, context, plan, migration)):
        before = inspect(session, context)
        action = revalidated_action(session, context, plan, migration, before)
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
                record_action(session, context, migration, action, before)
                forget_finished(session, migration)
    return action


def was_started(before: TenantInspection, migration: Migration) -> bool:
    """Whether an earlier run started this script, unchanged, and did not finish it."""
    row = before.observed.ledger.get(migration.version)
    return row is not None and row.state is LedgerState.STARTED and row.checksum == migration.script.checksum


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


def _drop_invalid_indexes(session: Session, inspection: TenantInspection, version: str) -> None:
    """Drops an index that a failed attempt created: no query uses it, and IF NOT EXISTS would keep it."""
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
