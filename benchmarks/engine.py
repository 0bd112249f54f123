"""What pgfleet does to one tenant, without Prefect, and the raw limits beside it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg

from benchmarks.results import THREADS
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.documents.audit import TenantEntry
from pgfleet.documents.plan import Scope, TenantPlan
from pgfleet.documents.rollout import Result
from pgfleet.fleet.model import Tenant
from pgfleet.judge.unchanged import earlier_inspections, inspections_in
from pgfleet.postgres.apply.rollout import roll_out
from pgfleet.postgres.read.audit import audit
from pgfleet.postgres.read.introspection import catalog_query
from pgfleet.postgres.scratch.expected_catalog import find_expected
from pgfleet.postgres.tenant_session import open_session
from pgfleet.rollout.planning import plan_tenant
from pgfleet.rollout.transaction_mode import plan_in_mode
from pgfleet.run.context import RunContext


def expect(context: RunContext) -> ExpectedCatalog:
    """Replays the manifest for the first tenant, and notes the result in the context."""
    first = context.environment.tenants[0]
    with open_session(first, context) as session:
        major = session.server_major
    replay = context.replay(major, first.home)
    found = find_expected(context, replay, first.dsn)
    context.expectations = {replay: found}
    return found


def on_threads(context: RunContext, work: Callable[[Tenant], object]) -> list[object]:
    """The results of the same work for every tenant, THREADS at a time."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, context.environment.tenants))


def read_raw(tenant: Tenant, expected: ExpectedCatalog) -> None:
    """Connects and runs the introspection query: the least that an audit takes."""
    query = catalog_query(expected.scope, home="public", equivalents=expected.equivalents)
    options = "-c jit=off -c pgfleet.home_path=public"
    with psycopg.connect(tenant.dsn.text, cursor_factory=psycopg.ClientCursor, options=options) as connection:
        connection.execute(query.text, query.parameters).fetchall()


def run_scripts(tenant: Tenant, context: RunContext) -> None:
    """Connects and runs the scripts, each in its transaction, without looking at the result."""
    with psycopg.connect(tenant.dsn.text, autocommit=True) as connection:
        for script in (each.script.sql for each in (*context.manifest.migrations, *context.manifest.seeds)):
            connection.execute(script)


def remember(context: RunContext, entries: list[TenantEntry]) -> None:
    """Lets the next audits of this context compare with these entries; without any, lets them take stamps."""
    context.earlier = earlier_inspections(inspections_in(entries), datetime.now(UTC), timedelta(days=7))


def plan(entry: TenantEntry, context: RunContext) -> TenantPlan:
    """The plan of a complete rollout."""
    [expected] = context.expectations.values()
    found = plan_tenant(entry, context.manifest, expected, Scope())
    return plan_in_mode(found, context.environment.policy.rollout.transaction, context.manifest)


def carry_out(tenant: Tenant, planned: TenantPlan, context: RunContext) -> None:
    """The tenant's rollout. Raises RuntimeError if it did not succeed."""
    result = roll_out(tenant, planned, context)
    if result.result not in {Result.DONE, Result.UNCHANGED}:
        raise RuntimeError(result.model_dump_json(indent=2))


def audit_all(context: RunContext) -> list[TenantEntry]:
    """The entry of every tenant."""
    return [
        each for each in on_threads(context, lambda tenant: audit(tenant, context)) if isinstance(each, TenantEntry)
    ]
