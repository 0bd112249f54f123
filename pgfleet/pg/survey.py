"""Which servers there are behind the tenants, and of which version."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pgfleet.brief import Brief
from pgfleet.errors import AccessRefused, ConnectionFailed
from pgfleet.fleet.model import Tenant
from pgfleet.pg import dsn as libpq
from pgfleet.pg.scratch import unfit
from pgfleet.pg.verification import open_session
from pgfleet.unreachable import Unreachable

MOST_SILENCES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerIdentity:
    """A server's major version, a tenant through which it can be reached, and whether a replay can be made there."""

    major: int
    tenant: str
    is_fit: bool = True


def group_by_server(tenants: Iterable[Tenant]) -> dict[str, list[Tenant]]:
    """The tenants behind each server, by its name."""
    servers: dict[str, list[Tenant]] = {}
    for tenant in tenants:
        servers.setdefault(libpq.server(tenant.dsn), []).append(tenant)
    return servers


def identify(tenants: Sequence[Tenant], brief: Brief) -> ServerIdentity | None:
    """The server's version, asked through the first of `tenants` that lets us in; None if none does.

    What keeps one tenant out alone is passed over (wrong password, no such database, a pooler that cannot reach the one
    behind it); a server that does not answer one does not answer the others either. One that says nothing is asked for
    a second tenant, as it may be a pooler with several servers behind it. Raises that transient DatabaseError.
    """
    silences = 0
    for tenant in tenants:
        try:
            with open_session(tenant, brief) as session:
                return ServerIdentity(major=session.server_major, tenant=tenant.name, is_fit=unfit(session) is None)
        except (AccessRefused, ConnectionFailed) as error:
            silences += error.because is Unreachable.TIMED_OUT
            is_alone = error.because is Unreachable.TIMED_OUT and silences < min(MOST_SILENCES, len(tenants))
            if not is_alone and (error.because is None or error.because.is_of_server):
                raise
    return None


def fittest(identities: Iterable[ServerIdentity]) -> dict[int, ServerIdentity]:
    """For each major version the first server on which a replay can be made, or else the first."""
    found: dict[int, ServerIdentity] = {}
    for each in sorted(identities, key=lambda each: not each.is_fit):
        found.setdefault(each.major, each)
    return found


def refuse_silent(tenant: Tenant, brief: Brief) -> None:
    """Raises the error that the survey met at the tenant's server: a dead one is not asked again for each tenant."""
    if error := brief.silent_servers.get(libpq.server(tenant.dsn)):
        raise error
