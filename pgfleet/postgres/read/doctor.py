"""Reads what `pgfleet doctor` checks of an environment's servers: a few connections for each server, no changes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from pgfleet.documents.doctor import CheckEntry
from pgfleet.documents.login_rights import LoginRights
from pgfleet.errors import DatabaseError
from pgfleet.fleet.model import Environment, Tenant
from pgfleet.fleet.secret import Dsn, redacted_name
from pgfleet.judge.doctor import (
    ScratchRights,
    ServerFacts,
    login_checks,
    ok,
    scratch_checks,
    server_checks,
    unreachable_check,
)
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.dsn import with_rollout_logins
from pgfleet.postgres.query import Query
from pgfleet.postgres.read.logins import logins_key, logins_of, logins_query, read_logins
from pgfleet.postgres.read.servers import read_allowance, workers_for
from pgfleet.postgres.scratch.database import scratch_problem
from pgfleet.postgres.session import BACKEND, Session
from pgfleet.postgres.tenant_session import limits_of, open_session
from pgfleet.run.context import RunContext
from pgfleet.run.shipped import statement

MOST_LOGINS = 8
"""Of each server and kind, as a server may have a login for each of thousands of tenants."""
MOST_TENANTS = 2
"""Of a login are tried: the first one's database may be missing."""
LONGEST_STATEMENT_MS = 10_000
MAY_CREATE = Query(statement("introspection/may_create_databases"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visit:
    """One connection, or why there was none."""

    tenant: Tenant
    facts: ServerFacts | None = None
    rights: tuple[LoginRights, ...] = ()
    fault: DatabaseError | None = None

    @property
    def server(self) -> str:
        return libpq.server(self.tenant.dsn)


def check_servers(context: RunContext, embedded_major: int | None) -> Iterator[CheckEntry]:
    """The checks of the servers and logins of all tenants, and of `scratch_dsn`; a host that is a secret is hidden."""
    environment = context.environment
    names = [(libpq.server(each), redacted_name(libpq.server(each), each.secrets)) for each in _dsns(environment)]
    hidden = {(server, shown) for server, shown in names if server != shown}
    for check in _check_servers(context, embedded_major):
        detail = check.detail
        for server, shown in hidden:
            detail = detail.replace(server, shown)
        yield check.model_copy(update={"detail": detail})


def _dsns(environment: Environment) -> Iterator[Dsn]:
    for tenant in environment.tenants:
        yield from (tenant.dsn, libpq.rollout_dsn(tenant))
    if environment.policy.scratch_dsn:
        yield environment.policy.scratch_dsn


def _check_servers(context: RunContext, embedded_major: int | None) -> Iterator[CheckEntry]:
    policy = context.environment.policy
    bounded = replace(policy, statement_timeout_ms=min(policy.statement_timeout_ms, LONGEST_STATEMENT_MS))
    audits = context.environment = replace(context.environment, policy=bounded)
    rollouts = with_rollout_logins(audits)
    with ThreadPoolExecutor(workers_for(audits)) as pool:
        read = _visits(pool, _groups(audits.tenants, logins_key), context)
        own = [each for each in rollouts.tenants if each.audit_dsn]
        changed = _visits(pool, _groups(own, lambda each: (libpq.server(each.dsn), libpq.user(each.dsn))), context)
    facts: dict[str, ServerFacts] = {}
    for visit in (*read, *changed):
        if visit.facts:
            facts.setdefault(visit.server, visit.facts)
    for server in sorted(facts):
        yield from server_checks(facts[server])
    yield from _unreachable((*read, *changed), facts)
    found = [rights for visit in read for rights in visit.rights]
    has_scratch_dsn = policy.scratch_dsn is not None
    yield from login_checks(found, logins_of(audits), has_scratch_dsn=has_scratch_dsn)
    yield from _left_out(audits)
    yield from _scratch([each.facts for each in read if each.facts], context, embedded_major)


def _groups(
    tenants: Iterable[Tenant], key: Callable[[Tenant], tuple[str, ...]], most: int | None = MOST_LOGINS
) -> list[list[Tenant]]:
    """The tenants of each login; of each server, at most so many logins."""
    groups: dict[tuple[str, ...], list[Tenant]] = {}
    for tenant in tenants:
        groups.setdefault(key(tenant), []).append(tenant)
    servers: dict[str, list[list[Tenant]]] = {}
    for (server, *_), members in groups.items():
        servers.setdefault(server, []).append(members)
    return [members for logins in servers.values() for members in logins[:most]]


def _visits(pool: ThreadPoolExecutor, groups: Iterable[Sequence[Tenant]], context: RunContext) -> list[_Visit]:
    return list(pool.map(lambda members: _visit(members, context), groups))


def _visit(tenants: Sequence[Tenant], context: RunContext) -> _Visit:
    """A connection through the first of the tenants that has one."""
    for tenant in tenants[:MOST_TENANTS]:
        try:
            with open_session(tenant, context) as session:
                return _read(tenant, session, context)
        except DatabaseError as error:
            visit = _Visit(tenant=tenant, fault=error)
            if error.connect_failure and error.connect_failure.affects_server:
                break
    return visit


def _read(tenant: Tenant, session: Session, context: RunContext) -> _Visit:
    [[(pid, _)], rows] = session.fetch(BACKEND, logins_query(tenant))
    server = libpq.server(tenant.dsn)
    return _Visit(
        tenant=tenant,
        facts=ServerFacts(
            server=server,
            version=session.server_version,
            major=session.server_major,
            pooler=session.pooler_before(pid),
            allowance=read_allowance(session, context.environment.policy),
            scratch=_scratch_rights(server, session),
        ),
        rights=read_logins(tenant, rows, needs_bypassrls=_has_row_security(context)),
    )


def _has_row_security(context: RunContext) -> bool:
    """Whether a script of the manifest mentions it, as no expected catalog is at hand."""
    return any("row level security" in each.script.sql.lower() for each in context.manifest.migrations)


def _scratch_rights(server: str, session: Session) -> ScratchRights:
    [[(may_create,)]] = session.fetch(MAY_CREATE)
    return ScratchRights(
        server=server, major=session.server_major, problem=scratch_problem(session), may_create=may_create
    )


def _unreachable(visits: Iterable[_Visit], facts: dict[str, ServerFacts]) -> Iterator[CheckEntry]:
    """A server that did not answer once; a login that it refuses for each login."""
    reported = set[str]()
    for visit in visits:
        if visit.fault is None:
            continue
        affects_server = visit.fault.connect_failure is None or visit.fault.connect_failure.affects_server
        if affects_server and visit.server not in facts:
            if visit.server not in reported:
                yield unreachable_check("server", visit.server, visit.fault)
            reported.add(visit.server)
        else:
            login = redacted_name(libpq.user(visit.tenant.dsn), libpq.secrets(visit.tenant.dsn)) or "default user"
            yield unreachable_check("login", f"{login} on {visit.server}", visit.fault)


def _left_out(environment: Environment) -> Iterator[CheckEntry]:
    every = len(_groups(environment.tenants, logins_key, most=None))
    checked = len(_groups(environment.tenants, logins_key))
    if checked < every:
        yield ok("login", f"{checked} of {every} pairs of logins were checked; an audit checks all")


def _scratch(found: Sequence[ServerFacts], context: RunContext, embedded_major: int | None) -> Iterator[CheckEntry]:
    """Where scratch databases are possible. Connects to `scratch_dsn`, if there is one."""
    rights = [each.scratch for each in found]
    if dsn := context.environment.policy.scratch_dsn:
        try:
            with Session(dsn, limits=limits_of(context)) as session:
                rights = [_scratch_rights(libpq.server(dsn), session)]
        except DatabaseError as error:
            yield unreachable_check("scratch_database", f"scratch_dsn, {libpq.server(dsn)}", error)
            return
    yield from scratch_checks(rights, {each.major for each in found}, embedded_major)
