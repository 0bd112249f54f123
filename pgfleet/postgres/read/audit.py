"""Audits a tenant, the steps in order, on one connection; and makes the document of all tenants."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from pgfleet.documents.audit import AuditDocument, TenantEntry
from pgfleet.documents.counts import TenantCounts
from pgfleet.documents.login_rights import LoginRights
from pgfleet.errors import DatabaseError, NoExpectedCatalog, PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.judge.acceptance import accept
from pgfleet.judge.enrich import enrich
from pgfleet.judge.logins import judge_logins
from pgfleet.judge.summary import build_document, skipped_entries
from pgfleet.judge.tenant import inconclusive_entry, judge_tenant
from pgfleet.judge.trend import PreviousAudit
from pgfleet.postgres.read import audit_steps
from pgfleet.postgres.read.audit_steps import check_seed, count, try_contracts, verify
from pgfleet.postgres.read.inspection import inspect
from pgfleet.postgres.read.logins import logins_of
from pgfleet.postgres.scratch.expected_catalog import find_expected
from pgfleet.postgres.scratch.replay import replay
from pgfleet.postgres.tenant_session import open_session
from pgfleet.rollout.counts import tenant_counts
from pgfleet.run.context import Expectation, RunContext

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


def make_document(
    context: RunContext,
    entries: Sequence[TenantEntry],
    rights: Iterable[LoginRights],
    previous: PreviousAudit | None,
    *,
    run_id: str,
    started_at: datetime,
    compare: bool = True,
) -> AuditDocument:
    """The document of an audit that ends now, compared with the previous one if there is one.

    `rights` are those of the tenants' logins. Without `compare`, a missing previous audit does not mean that this is
    the first one.
    """
    environment, manifest = context.environment, context.manifest
    times = {"started_at": started_at, "finished_at": datetime.now(UTC)}
    document = build_document(
        environment.name, run_id, manifest, entries, skipped_entries(environment.skipped), **times
    )
    document = enrich(document, environment, manifest, previous, context.today, is_partial=context.is_partial)
    has_scratch_dsn = environment.policy.scratch_dsn is not None
    logins = judge_logins(rights, logins_of(environment), has_scratch_dsn=has_scratch_dsn)
    return document.model_copy(update={"is_first": compare and previous is None, "logins": logins})
