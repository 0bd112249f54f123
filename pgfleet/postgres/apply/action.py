"""Which action a migration's step takes, which locks that needs, and how it is recorded."""

from pgfleet.catalog.shared_objects import may_write_shared
from pgfleet.documents.plan import RUNS, Action, TenantPlan
from pgfleet.manifest.model import Migration
from pgfleet.postgres.apply.ledger import record
from pgfleet.postgres.apply.tool_ledger import record_in_tool_ledger
from pgfleet.postgres.read.audit_steps import find_status
from pgfleet.postgres.read.comparison import TenantInspection
from pgfleet.postgres.session import Session
from pgfleet.rollout.revalidate import RECORDED, is_recorded, revalidate
from pgfleet.run.context import RunContext


def works_on_shared(session: Session, context: RunContext, plan: TenantPlan, migration: Migration) -> bool:
    """Whether the migration, or one that may run along, may write to objects that the database's tenants share."""
    if plan.of(migration.version).action not in RUNS:
        return False
    expected = context.expected(session.server_major, session.home)
    versions = {migration.version, *(expected.later_changers(migration.version) & plan.runs)}
    return any(may_write_shared(context.migration(each), expected) for each in versions)


def revalidated_action(
    session: Session, context: RunContext, plan: TenantPlan, migration: Migration, before: TenantInspection
) -> Action:
    """The planned action, or less if another run did the work meanwhile. Raises PlanOutdated."""
    planned, recorded = plan.of(migration.version), before.observed.ledger.get(migration.version)
    if planned.declared:
        tool = before.observed.tool
        in_tool_ledger = tool is not None and migration.version in tool.versions
        state = recorded.state if recorded else None
        is_known = is_recorded(state, context.manifest.ledger, in_tool_ledger=in_tool_ledger)
        return Action.SKIP if is_known else Action.ADOPT
    found = find_status(session, context, before, migration.version)
    is_ours = recorded is not None and recorded.run_id == context.run_id
    return revalidate(planned.action, found, is_ours=is_ours, ledger=context.manifest.ledger)


def record_action(
    session: Session, context: RunContext, migration: Migration, action: Action, before: TenantInspection
) -> None:
    """Records the action in our ledger, and the migration in the tool's; an adoption only where it is not recorded."""
    found = before.observed.ledger.get(migration.version)
    if action is not Action.ADOPT or found is None or found.state not in RECORDED:
        record(session, migration, action, run_id=context.run_id)
    record_in_tool_ledger(session, context.manifest, migration)
