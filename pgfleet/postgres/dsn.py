"""Reads connection strings as libpq does."""

import os.path
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgfleet.errors import FleetError
from pgfleet.fleet.model import Environment, Tenant
from pgfleet.fleet.secret import Dsn, redacted_name
from pgfleet.fleet.values import MAX_NAME_BYTES

DEFAULT_PORT, LAST_PORT = "5432", 65535
NUMBERS = ("connect_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout")
"""Parameters that libpq rejects, only when it connects, unless they are numbers."""
ADDRESS = frozenset({"host", "hostaddr", "port"})
CREDENTIALS = frozenset({"user", "password", "sslcert", "sslkey", "sslpassword", "options"})
"""`options` may set the role."""
ROLE_OPTION = re.compile(r"(?:^|\s)(?:-c\s*|--)role=((?:\\.|[^\s\\])+)")


@cache
def _parts(text: str) -> dict[str, str]:
    return {name: str(value) for name, value in conninfo_to_dict(text).items() if value is not None}


def fault(dsn: Dsn) -> str | None:
    """Why libpq or a server would reject the string, without quoting it; or None."""
    if "\0" in dsn.text:
        return "contains a NUL character"
    try:
        parts = _parts(dsn.text)
    except (ProgrammingError, UnicodeError):
        return "is no connection string that libpq understands (postgresql://user@host/dbname, or host=… dbname=…)"
    return _fault_of_hosts(parts) or _fault_of_values(parts)


def _fault_of_hosts(parts: Mapping[str, str]) -> str | None:
    """As libpq counts them (PostgreSQL manual, 34.1.1.3 Specifying Multiple Hosts)."""
    lists = {name: parts[name].split(",") for name in ("hostaddr", "host") if parts.get(name)}
    names = max(map(len, lists.values()), default=1)
    if len({*map(len, lists.values())}) > 1:
        return "names different numbers of hosts in host and hostaddr"
    ports = parts.get("port", DEFAULT_PORT).split(",")
    if len(ports) not in {1, names}:
        return f"names {len(ports)} ports for {names} host{'' if names == 1 else 's'}"
    if not all(not each.strip() or _is_port(each.strip()) for each in ports):
        return f"names a port that is not a number from 1 to {LAST_PORT}"
    return None


def _is_port(text: str) -> bool:
    return bool(re.fullmatch("[0-9]{1,5}", text)) and 1 <= int(text) <= LAST_PORT


def _fault_of_values(parts: Mapping[str, str]) -> str | None:
    for name, title in (("dbname", "database"), ("user", "user")):
        if len(parts.get(name, "").encode()) > MAX_NAME_BYTES:
            return f"names a {title} of more than {MAX_NAME_BYTES} bytes, PostgreSQL's limit for names"
    for name in NUMBERS:
        if name in parts and not re.fullmatch(r"\s*-?[0-9]{1,9}\s*", parts[name]):
            return f"has a {name} that is not a whole number"
    return None


def check_dsns(environment: Environment, *, file: str) -> None:
    """Raises FleetError with the connection strings that libpq would reject."""
    prefix = f"environments.{environment.name}"
    faults = [
        (f"{prefix}: tenant '{tenant.name}': {key}", problem)
        for tenant in environment.tenants
        for key, problem in (("dsn", fault(tenant.dsn)), ("rollout_dsn", _rollout_fault(tenant)))
        if problem
    ]
    scratch = environment.policy.scratch_dsn
    if scratch and (problem := fault(scratch)):
        faults.append((f"{prefix}.scratch_dsn", problem))
    if faults:
        raise FleetError(file, *faults[0], *faults[1:])


def check_duplicates(environment: Environment, *, file: str) -> None:
    """Raises FleetError for two tenants whose connection strings name the same schema of the same database."""
    first: dict[tuple[str, str, str], str] = {}
    for tenant in environment.tenants:
        name = database(tenant.dsn)
        other = first.setdefault((server(tenant.dsn), name, tenant.home), tenant.name) if name else tenant.name
        if other != tenant.name:
            place = redacted_name(f"{name} on {server(tenant.dsn)}", tenant.dsn.secrets)
            key = f"environments.{environment.name}: tenant '{tenant.name}'"
            raise FleetError(file, key, f"is the same as '{other}': schema {tenant.home} of {place}")


def rollout_dsn(tenant: Tenant) -> Dsn:
    """The connection string for rollouts: the tenant's, with the parameters that `rollout_dsn` gives.

    With another user, none of the audit login's credentials remain; with another host, no part of the address. The
    database is the same.
    """
    own = tenant.rollout_dsn
    if own is None:
        return tenant.dsn
    given, base = _parts(own.text), _parts(tenant.dsn.text)
    replaced = {"service"} if "service" in given else set[str]()
    if given.keys() & {"user", "service"}:
        replaced |= CREDENTIALS
    if given.keys() & {"host", "hostaddr", "service"}:
        replaced |= ADDRESS
    kept = {name: value for name, value in base.items() if name not in replaced}
    name = database(tenant.dsn)
    text = make_conninfo("", **{**kept, **given, **({"dbname": name} if name else {})})
    is_elsewhere = bool(given.keys() & (ADDRESS | {"service"}))
    pooler = None if is_elsewhere else tenant.dsn.pooler
    return Dsn(text, tuple({*secrets(tenant.dsn), *secrets(own)}), pooler)


def with_rollout_logins(environment: Environment) -> Environment:
    """The environment whose tenants are connected to as rollouts do."""
    tenants = (
        replace(each, dsn=rollout_dsn(each), audit_dsn=each.dsn) if each.rollout_dsn else each
        for each in environment.tenants
    )
    return replace(environment, tenants=tuple(tenants))


def login_roles(tenant: Tenant) -> tuple[str, ...]:
    """The names of the tenant's rollout login and of the role that its options set, as far as they are known."""
    parts = _parts((rollout_dsn(tenant) if tenant.audit_dsn is None else tenant.dsn).text)
    role = ROLE_OPTION.search(parts.get("options", ""))
    names = (parts.get("user", ""), re.sub(r"\\(.)", r"\1", role[1]) if role else "")
    return tuple(filter(None, names))


def _rollout_fault(tenant: Tenant) -> str | None:
    own = tenant.rollout_dsn
    if own is None or fault(tenant.dsn):
        return None
    if problem := fault(own) or fault(rollout_dsn(tenant)):
        return problem
    wanted, given = database(tenant.dsn), _parts(own.text).get("dbname")
    if wanted and given and given != wanted:
        return "names another database than dsn; leave the database out, as it is always that of dsn"
    return None


def secrets(dsn: Dsn) -> tuple[str, ...]:
    """All texts that must not be shown: the substituted values, and the password as it will be sent."""
    password = _parts(dsn.text).get("password", "")
    return tuple({*dsn.secrets, password} - {""})


def server(dsn: Dsn) -> str:
    """The display name, also used for grouping: `host:port` of each host, the socket folder, or the service."""
    parts = _parts(dsn.text)
    found, ports = hosts(dsn)
    if len(found) > 1:
        return ",".join(f"{each}:{port}" for each, port in zip(found, ports, strict=True))
    host = parts.get("host") or parts.get("hostaddr") or ""
    if not host and "service" in parts:
        return f"service {parts['service']}"
    port = parts.get("port", DEFAULT_PORT)
    return f"{os.path.normpath(host) if host.startswith('/') else host or 'local'}:{port}"


def hosts(dsn: Dsn) -> tuple[list[str], list[str]]:
    """The host names in the connection string and their ports; none if it also gives addresses (`hostaddr`)."""
    parts = _parts(dsn.text)
    if "host" not in parts or "hostaddr" in parts:
        return [], []
    found, ports = parts["host"].split(","), parts.get("port", DEFAULT_PORT).split(",")
    return found, ports if len(ports) == len(found) else ports[:1] * len(found)


def database(dsn: Dsn) -> str:
    """The database's name, or an empty string if the connection string has none."""
    parts = _parts(dsn.text)
    return parts.get("dbname") or parts.get("user") or ""


def user(dsn: Dsn) -> str:
    """The role's name, or an empty string if the connection string has none."""
    return _parts(dsn.text).get("user", "")


def without_given(dsn: Dsn, settings: Mapping[str, str]) -> dict[str, str]:
    """The settings without those that the connection string itself gives."""
    own = _parts(dsn.text)
    return {name: value for name, value in settings.items() if name not in own}


def for_database(dsn: Dsn, name: str) -> Dsn:
    """The same connection string for another database."""
    return replace(dsn, text=make_conninfo(dsn.text, dbname=name))
