"""Counts the manifest's tables in one tenant."""

from pgfleet.documents.counts import TenantCounts
from pgfleet.errors import PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.postgres.read import audit_steps
from pgfleet.postgres.read.audit import Runner
from pgfleet.postgres.tenant_session import open_session
from pgfleet.rollout.counts import tenant_counts
from pgfleet.run.context import RunContext


def count_tables(tenant: Tenant, context: RunContext, run: Runner) -> TenantCounts:
    """The counts, each a step, on one connection; a PgfleetError becomes the reason why nothing was counted."""
    try:
        with open_session(tenant, context) as session:
            readings = [run(audit_steps.count, session, context, each.table) for each in context.manifest.counts]
    except PgfleetError as error:
        return TenantCounts(name=tenant.name, ring=tenant.ring, reason=str(error))
    return tenant_counts(tenant.name, tenant.ring, readings)
