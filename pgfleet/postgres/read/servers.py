"""The servers behind the tenants: their versions, and how many connections pgfleet may open on each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pgfleet.connect_failure import ConnectFailure
from pgfleet.errors import AccessRefused, ConnectionFailed, DatabaseError, PermanentError
from pgfleet.fleet.allowance import Allowance, ServerCapacity, find_allowance
from pgfleet.fleet.model import Environment, Policy, Tenant
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.query import Query
from pgfleet.postgres.scratch.database import scratch_problem
from pgfleet.postgres.session import Session
from pgfleet.postgres.tenant_session import open_session
from pgfleet.run.context import RunContext
from pgfleet.run.shipped import statement

MOST_WORKERS = 64
"""More threads do not speed anything up, even with many servers."""
MOST_SILENCES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerIdentity:
    """A server's major version, a tenant that it is reached through, and how many connections may be opened on it.

    `can_replay`: scratch databases can be created there. `extensions` are those of the manifest that can be installed
    there, with the version that a new tenant gets: `pg_trgm 1.6, citext 1.6`.
    """

    major: int
    tenant: str
    allowance: Allowance
    can_replay: bool = True
    extensions: str = ""


def group_by_server(tenants: Iterable[Tenant]) -> dict[str, list[Tenant]]:
    """The tenants on each server, by server name."""
    servers: dict[str, list[Tenant]] = {}
    for tenant in tenants:
        servers.setdefault(libpq.server(tenant.dsn), []).append(tenant)
    return servers


def workers_for(environment: Environment) -> int:
    """How many tenants are worked on in parallel: as the policy says, or as many as their servers allow."""
    policy = environment.policy
    servers = len(group_by_server(environment.tenants))
    return policy.max_workers or min(MOST_WORKERS, policy.max_connections_per_server * servers)


def identify(tenants: Sequence[Tenant], context: RunContext) -> ServerIdentity | None:
    """The server's identity, read through the first of `tenants` that can connect; None if none can.

    Skips tenants with a problem of their own: wrong password, missing database, unreachable server behind a pooler, or
    settings of the database with which no statement succeeds. Raises the DatabaseError of a server that does not
    answer. After a timeout a second tenant is tried, because the server may be a pooler in front of several.
    """
    silences = 0
    lost: DatabaseError | None = None
    for tenant in tenants:
        try:
            with open_session(tenant, context) as session:
                return ServerIdentity(
                    allowance=read_allowance(session, context.environment.policy),
                    can_replay=scratch_problem(session) is None,
                    extensions=_available(session, context.extensions),
                    major=session.server_major,
                    tenant=tenant.name,
                )
        except (AccessRefused, ConnectionFailed) as error:
            silences += error.connect_failure is ConnectFailure.TIMED_OUT
            is_alone = error.connect_failure is ConnectFailure.TIMED_OUT and silences < min(MOST_SILENCES, len(tenants))
            if not is_alone and (error.connect_failure is None or error.connect_failure.affects_server):
                raise
        except DatabaseError as error:
            lost = error
    if lost and lost.transient:
        raise lost
    return None


def choose_replay_servers(identities: Iterable[ServerIdentity]) -> dict[int, ServerIdentity]:
    """For each major version the first server that can replay, or else the first."""
    found: dict[int, ServerIdentity] = {}
    for each in sorted(identities, key=lambda each: not each.can_replay):
        found.setdefault(each.major, each)
    return found


def read_allowance(session: Session, policy: Policy) -> Allowance:
    """From the server's free connections; if they cannot be read, the policy's maximum with the reason."""
    most = policy.max_connections_per_server
    try:
        [[row]] = session.fetch(Query(statement("introspection/connections")))
    except PermanentError as error:
        return Allowance(connections=most, reason=f"the server's free connections could not be read: {error}")
    capacity = ServerCapacity(**dict(zip(("total", "reserved", "used", "role_limit", "role_used"), row, strict=True)))
    return find_allowance(capacity, limit=most, share_percent=policy.connection_share_percent)


def _available(session: Session, extensions: Sequence[str]) -> str:
    if not extensions:
        return ""
    query = Query(statement("introspection/available_extensions"), {"names": [*extensions]})
    [[(found,)]] = session.fetch(query)
    return str(found)
