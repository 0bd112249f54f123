"""Audits one tenant: the steps in order, on one connection."""

from collections.abc import Callable
from typing import Any

from pgfleet.documents.audit import TenantEntry
from pgfleet.documents.counts import TenantCounts
from pgfleet.errors import PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.judge.acceptance import accept
from pgfleet.judge.tenant import inconclusive_entry, judge_tenant
from pgfleet.postgres.read import audit_steps
from pgfleet.postgres.read.audit_steps import check_seed, count, try_contracts, verify
from pgfleet.postgres.read.inspection import inspect
from pgfleet.postgres.tenant_session import open_session
from pgfleet.rollout.counts import tenant_counts
from pgfleet.run.context import RunContext

Runner = Callable[..., Any]
"""Runs a step (`inspect`, or a function of `audit_steps`) with its arguments and returns its result."""


def directly(step: Callable[..., Any], *arguments: object) -> Any:
    """Calls the step once."""
    return step(*arguments)


def audit(tenant: Tenant, context: RunContext, run: Runner = directly) -> TenantEntry:
    """The tenant's entry in the audit document; a PgfleetError becomes the reason of an entry that is not judged."""
    manifest = context.manifest
    try:
        with open_session(tenant, context) as session:
            inspection = run(inspect, session, context, True)
            migrations = [run(verify, session, context, inspection, each.version) for each in manifest.migrations]
            return judge_tenant(
                tenant,
                inspection.stamped(migrations),
                inspection.assessment,
                accept(tenant.name, migrations, context.environment.policy.acceptances, context.today),
                [run(check_seed, session, context, inspection, each.name) for each in manifest.seeds],
                [run(count, session, context, each.table, inspection) for each in manifest.counts],
                run(try_contracts, session, context, inspection) if manifest.contracts else (),
            )
    except PgfleetError as error:
        return inconclusive_entry(tenant, error)


def count_tables(tenant: Tenant, context: RunContext, run: Runner) -> TenantCounts:
    """The counts, each a step, on one connection; a PgfleetError becomes the reason why nothing was counted."""
    try:
        with open_session(tenant, context) as session:
            readings = [run(audit_steps.count, session, context, each.table) for each in context.manifest.counts]
    except PgfleetError as error:
        return TenantCounts(name=tenant.name, ring=tenant.ring, reason=str(error))
    return tenant_counts(tenant.name, tenant.ring, readings)
