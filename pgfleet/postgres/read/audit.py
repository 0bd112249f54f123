"""Audits one tenant: the steps in their order, on one connection."""

from collections.abc import Callable
from typing import Any

from pgfleet.documents.audit import TenantEntry
from pgfleet.errors import PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.judge.acceptance import accept
from pgfleet.judge.tenant import inconclusive_entry, judge_tenant
from pgfleet.postgres.read.servers import refuse_silent
from pgfleet.postgres.read.steps import check_seed, count, inspect, open_session, try_contracts, verify
from pgfleet.run.context import RunContext

Runner = Callable[..., Any]
"""Runs a step (a function of `pgfleet.postgres.read.steps`) with its arguments and returns its result."""


def directly(step: Callable[..., Any], *arguments: object) -> Any:
    """The plain way to run a step."""
    return step(*arguments)


def audit(tenant: Tenant, context: RunContext, run: Runner = directly, *, at_once: bool = True) -> TenantEntry:
    """Inspects and verifies the tenant; a PgfleetError is its reason, and nobody else's.

    `at_once`: the inspection asks in its round trip what the other steps ask too, as far as that works.
    """
    manifest = context.manifest
    try:
        refuse_silent(tenant, context)
        with open_session(tenant, context) as session:
            findings = run(inspect, session, context, at_once)
            migrations = [run(verify, session, context, findings, each.version) for each in manifest.migrations]
            return judge_tenant(
                tenant,
                findings.inspection,
                accept(tenant.name, migrations, context.environment.policy.acceptances, context.today),
                [run(check_seed, session, context, findings, each.name) for each in manifest.seeds],
                [run(count, session, context, each.table) for each in manifest.counts],
                run(try_contracts, session, context, findings) if manifest.contracts else (),
            )
    except PgfleetError as error:
        return inconclusive_entry(tenant, error)
