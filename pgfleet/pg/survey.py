"""Which servers there are behind the tenants, and of which version."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pgfleet.brief import Brief
from pgfleet.errors import AccessRefused
from pgfleet.fleet.model import Tenant
from pgfleet.pg import dsn as libpq
from pgfleet.pg.verification import open_session


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerIdentity:
    """A server's major version, and a tenant through which it can be reached."""

    major: int
    tenant: str


def group_by_server(tenants: Iterable[Tenant]) -> dict[str, list[Tenant]]:
    """The tenants behind each server, by its name."""
    servers: dict[str, list[Tenant]] = {}
    for tenant in tenants:
        servers.setdefault(libpq.server(tenant.dsn), []).append(tenant)
    return servers


def identify(tenants: Sequence[Tenant], brief: Brief) -> ServerIdentity | None:
    """The server's version, asked through the first of `tenants` that lets us in; None if none does.

    A tenant that refuses us (wrong password, no such database) is passed over; a server that does not answer one
    does not answer the others either. Raises that transient DatabaseError.
    """
    for tenant in tenants:
        try:
            with open_session(tenant, brief) as session:
                return ServerIdentity(major=session.server_major, tenant=tenant.name)
        except AccessRefused:
            continue
    return None


def refuse_silent(tenant: Tenant, brief: Brief) -> None:
    """Raises the error that the survey met at the tenant's server: a dead one is not asked again for each tenant.

    Of a tenant that is not there any more, TenantGone.
    """
    if error := brief.absent.get(tenant.name) or brief.silent_servers.get(libpq.server(tenant.dsn)):
        raise error
