"""Which logins have more rights than they need."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from pgfleet.documents.login_rights import LoginEntry, LoginRights, LoginUse, LoginWarning
from pgfleet.judge.summary import tenant_count

SUPERUSER, CREATEDB, BYPASSRLS = "SUPERUSER", "CREATEDB", "BYPASSRLS"
POWERS = {
    SUPERUSER: "is a superuser",
    "CREATEROLE": "can create roles (CREATEROLE)",
    CREATEDB: "can create databases (CREATEDB), which only the login of scratch_dsn needs",
    "REPLICATION": "can copy all data of the server (REPLICATION)",
    BYPASSRLS: "is exempt from row-level security (BYPASSRLS), which no table of the manifest has",
}
MOST_NAMES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantLogins:
    """Where a tenant is, and the names of its logins; an empty name is one that the fleet file does not contain."""

    tenant: str
    server: str
    database: str
    home: str
    audit: str
    rollout: str


def judge_logins(
    found: Iterable[LoginRights], tenants: Collection[TenantLogins], *, has_scratch_dsn: bool
) -> tuple[LoginEntry, ...]:
    """The logins with a warning, each once. `tenants` are all of the environment, on all servers."""
    first: dict[tuple[str, str], LoginEntry] = {}
    for each in found:
        use = _use(each, tenants)
        warnings = tuple(_warnings(each, use, tenants, has_scratch_dsn=has_scratch_dsn))
        known = first.get((each.server, each.login))
        if warnings and (known is None or len(warnings) > len(known.warnings)):
            first[each.server, each.login] = LoginEntry(
                server=each.server, login=each.login, use=use, warnings=warnings
            )
    return tuple(first[key] for key in sorted(first))


def _use(rights: LoginRights, tenants: Iterable[TenantLogins]) -> LoginUse:
    is_for_rollouts = any(each.server == rights.server and each.rollout == rights.login for each in tenants)
    if not is_for_rollouts:
        return LoginUse.AUDITS
    return LoginUse.BOTH if rights.is_own else LoginUse.ROLLOUTS


def _warnings(
    rights: LoginRights, use: LoginUse, tenants: Iterable[TenantLogins], *, has_scratch_dsn: bool
) -> Iterator[LoginWarning]:
    if SUPERUSER in rights.powers:  # and therefore everything else
        yield LoginWarning(code=SUPERUSER, message=POWERS[SUPERUSER])
        return
    creates_scratch = use is not LoginUse.ROLLOUTS and not has_scratch_dsn
    for power in rights.powers:
        if not (power == CREATEDB and creates_scratch):
            yield LoginWarning(code=power, message=POWERS.get(power, f"is a member of {power}"))
    others = [each for each in tenants if each.server == rights.server]
    if owned := [each.tenant for each in others if _is_in(each, rights, rights.owned_databases, rights.owned_schemas)]:
        message = f"owns tables or schemas of {_listed(owned)}: code that one tenant's rollout runs could change them"
        yield LoginWarning(code="OWNS", message=message)
    foreign = [each for each in others if rights.login not in {each.audit, each.rollout} and each.audit]
    if read := [
        each.tenant for each in foreign if _is_in(each, rights, rights.readable_databases, rights.readable_schemas)
    ]:
        yield LoginWarning(code="READS", message=f"can read {_listed(read)}, and is not a login of theirs")


def _is_in(tenant: TenantLogins, rights: LoginRights, databases: Collection[str], schemas: Collection[str]) -> bool:
    """Whether the tenant is in one of these; the one through which the rights were read is in none."""
    return tenant.home in schemas if tenant.database == rights.database else tenant.database in databases


def _listed(tenants: list[str]) -> str:
    names = ", ".join(tenants[:MOST_NAMES]) + (", …" if len(tenants) > MOST_NAMES else "")
    return f"{tenant_count(len(tenants)).replace(' tenant', ' other tenant')} ({names})"
