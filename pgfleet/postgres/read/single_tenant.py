"""Audits one tenant without a survey of its servers: replays the manifest for its server first."""

from pgfleet.documents.audit import TenantEntry
from pgfleet.errors import DatabaseError, NoExpectedCatalog, PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.judge.tenant import inconclusive_entry
from pgfleet.postgres.read.audit import audit
from pgfleet.postgres.scratch.expected_catalog import find_expected
from pgfleet.postgres.scratch.replay import replay
from pgfleet.postgres.tenant_session import open_session
from pgfleet.run.context import Expectation, RunContext


def audit_alone(tenant: Tenant, context: RunContext) -> TenantEntry:
    """The tenant's entry, whose repairs do not consider what reapplying would fix; adds to the expectations."""
    try:
        with open_session(tenant, context) as session:
            major = session.server_major
    except PgfleetError as error:
        return inconclusive_entry(tenant, error)
    key = context.replay(major, tenant.home)
    expectation: Expectation
    try:
        expectation = find_expected(context, key, tenant.dsn, replay)
    except NoExpectedCatalog as error:
        expectation = error
    except DatabaseError as error:
        expectation = NoExpectedCatalog(f"no scratch database for PostgreSQL {major}: {error}")
    context.expectations = {**context.expectations, key: expectation}
    return audit(tenant, context)
