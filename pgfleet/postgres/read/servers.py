"""Which servers there are behind the tenants, of which version, and how many connections each may be asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pgfleet.connect_failure import ConnectFailure
from pgfleet.errors import AccessRefused, ConnectionFailed, DatabaseError
from pgfleet.fleet.allowance import Allowance, Room, allow
from pgfleet.fleet.model import Environment, Policy, Tenant
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.query import Query
from pgfleet.postgres.scratch.database import unfit
from pgfleet.postgres.session import Session
from pgfleet.postgres.tenant_session import open_session
from pgfleet.run.context import RunContext
from pgfleet.run.shipped import statement

MOST_WORKERS = 64
"""More threads than this get nothing done faster, however many servers there are."""
MOST_SILENCES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerIdentity:
    """A server's major version, a tenant through which it is reached, and how many connections it may be asked for.

    `is_fit` says whether a replay can be made there.
    """

    major: int
    tenant: str
    allowance: Allowance
    is_fit: bool = True


def group_by_server(tenants: Iterable[Tenant]) -> dict[str, list[Tenant]]:
    """The tenants behind each server, by its name."""
    servers: dict[str, list[Tenant]] = {}
    for tenant in tenants:
        servers.setdefault(libpq.server(tenant.dsn), []).append(tenant)
    return servers


def workers_for(environment: Environment) -> int:
    """How many tenants are worked on at once: what the policy says, or as many as the servers behind them allow."""
    policy = environment.policy
    servers = len(group_by_server(environment.tenants))
    return policy.max_workers or min(MOST_WORKERS, policy.max_connections_per_server * servers)


def identify(tenants: Sequence[Tenant], context: RunContext) -> ServerIdentity | None:
    """What there is to know of the server, asked through the first of `tenants` that lets us in; None if none does.

    What keeps one tenant out alone is passed over (wrong password, no such database, a pooler that cannot reach the one
    behind it); a server that does not answer one does not answer the others either. One that says nothing is asked for
    a second tenant, as it may be a pooler with several servers behind it. Raises that transient DatabaseError.
    """
    silences = 0
    for tenant in tenants:
        try:
            with open_session(tenant, context) as session:
                allowance = _allowance(session, context.environment.policy)
                is_fit = unfit(session) is None
                return ServerIdentity(
                    major=session.server_major, tenant=tenant.name, allowance=allowance, is_fit=is_fit
                )
        except (AccessRefused, ConnectionFailed) as error:
            silences += error.connect_failure is ConnectFailure.TIMED_OUT
            is_alone = error.connect_failure is ConnectFailure.TIMED_OUT and silences < min(MOST_SILENCES, len(tenants))
            if not is_alone and (error.connect_failure is None or error.connect_failure.affects_server):
                raise
    return None


def fittest(identities: Iterable[ServerIdentity]) -> dict[int, ServerIdentity]:
    """For each major version the first server on which a replay can be made, or else the first."""
    found: dict[int, ServerIdentity] = {}
    for each in sorted(identities, key=lambda each: not each.is_fit):
        found.setdefault(each.major, each)
    return found


def _allowance(session: Session, policy: Policy) -> Allowance:
    """By what the server has free; what it does not tell limits nothing, and is said."""
    most = policy.max_connections_per_server
    try:
        [[row]] = session.fetch(Query(statement("introspection/connections")))
    except DatabaseError as error:
        if error.transient:
            raise
        return Allowance(connections=most, reason=f"what the server has free could not be looked up: {error}")
    room = Room(**dict(zip(("most", "reserved", "used", "role_most", "role_used"), row, strict=True)))
    return allow(room, most=most, share_percent=policy.connection_share_percent)
