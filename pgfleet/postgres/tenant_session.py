"""Opens a session with a tenant under its environment's policy."""

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.fleet.model import Tenant
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.session import Session
from pgfleet.run.context import RunContext


def open_session(tenant: Tenant, context: RunContext) -> Session:
    """A session with the tenant; it connects on first use.

    Raises TenantGone for a tenant that has left the inventory since the run began, and the error that the survey met
    at the tenant's server: a server that does not answer is not tried again for every tenant.
    """
    if error := context.absent.get(tenant.name) or context.silent_servers.get(libpq.server(tenant.dsn)):
        raise error
    return Session(
        tenant.dsn,
        name=tenant.name,
        home=tenant.home,
        limits=limits_of(context),
        extensions=context.extensions,
        managed_names=_managed_names(context),
        home_may_be_missing=context.creates_schema(tenant.home),
        ledger_owners=(*context.environment.policy.ledger_owners, *libpq.login_roles(tenant)),
    )


def limits_of(context: RunContext) -> Limits:
    """The policy's limits, with the run's name as the application name."""
    policy = context.environment.policy
    return Limits(
        application_name=f"pgfleet {context.run}"[:63],
        connect_timeout_seconds=policy.connect_timeout_seconds,
        statement_timeout_ms=policy.statement_timeout_ms,
        lock_timeout_ms=policy.lock_timeout_ms,
        idle_in_transaction_timeout_ms=policy.rollout.idle_in_transaction_timeout_ms,
        limiter=context.limiter,
        silent_servers=context.silences,
    )


def _managed_names(context: RunContext) -> tuple[str, ...]:
    """Names of the managed relations in home schemas, on servers of any version."""
    known = (each for each in context.expectations.values() if isinstance(each, ExpectedCatalog))
    return tuple({name for each in known for schema, name in each.scope.relations if schema is None})
