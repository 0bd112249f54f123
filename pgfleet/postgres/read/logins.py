"""Reads the rights of a tenant's logins, along with the inspection of the first tenant that has them."""

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import ObjectKind
from pgfleet.documents.login_rights import LoginRights
from pgfleet.fleet.model import Environment, Tenant
from pgfleet.fleet.secret import redacted_name
from pgfleet.judge.logins import BYPASSRLS, TenantLogins
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.query import Query, Rows
from pgfleet.run.shipped import statement

Key = tuple[str, ...]


def logins_of(environment: Environment) -> tuple[TenantLogins, ...]:
    """Where each tenant is, and the names of its logins as the fleet file has them, without secrets."""
    return tuple(
        TenantLogins(
            tenant=each.name,
            server=redacted_name(libpq.server(each.dsn), each.dsn.secrets),
            database=libpq.database(each.dsn),
            home=each.home,
            audit=redacted_name(libpq.user(each.dsn), each.dsn.secrets),
            rollout=redacted_name(libpq.user(rollout := libpq.rollout_dsn(each)), rollout.secrets),
        )
        for each in environment.tenants
    )


def logins_key(tenant: Tenant) -> Key:
    """The same for tenants whose logins have the same rights elsewhere."""
    place = libpq.database(tenant.dsn) if tenant.home != "public" else ""
    return libpq.server(tenant.dsn), libpq.user(tenant.dsn), libpq.user(libpq.rollout_dsn(tenant)), place


def logins_query(tenant: Tenant) -> Query:
    """The query for the rights of the session's login and of the tenant's login for rollouts."""
    name = libpq.user(libpq.rollout_dsn(tenant))
    parameters = {"logins": [name] if name else [], "home": tenant.home}
    return Query(statement("introspection/logins"), parameters)


def read_logins(tenant: Tenant, rows: Rows, *, needs_bypassrls: bool) -> tuple[LoginRights, ...]:
    """The rights in the rows of a `logins_query`; BYPASSRLS is omitted if the manifest needs it."""
    needless = {BYPASSRLS} if needs_bypassrls else set[str]()
    secrets = libpq.rollout_dsn(tenant).secrets
    return tuple(
        LoginRights(
            server=redacted_name(libpq.server(tenant.dsn), tenant.dsn.secrets),
            login=redacted_name(login, secrets),
            is_own=is_own,
            powers=tuple(each for each in powers if each not in needless),
            readable_databases=tuple(readable_databases),
            owned_databases=tuple(owned_databases),
            readable_schemas=tuple(readable_schemas),
            owned_schemas=tuple(owned_schemas),
            database=libpq.database(tenant.dsn),
        )
        for login, is_own, powers, readable_databases, owned_databases, readable_schemas, owned_schemas in rows
    )


def has_row_security(expected: ExpectedCatalog) -> bool:
    """Whether the manifest has row-level security."""
    objects = expected.objects.values()
    return any(each.identity.kind is ObjectKind.POLICY or each.attributes.get("row_security") for each in objects)
