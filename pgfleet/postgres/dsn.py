"""Reads connection strings as libpq does."""

import os.path
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgfleet.errors import FleetError
from pgfleet.fleet.model import Environment
from pgfleet.fleet.names import MAX_NAME_BYTES
from pgfleet.fleet.secret import Dsn, redacted_name

DEFAULT_PORT, LAST_PORT = "5432", 65535
NUMBERS = ("connect_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout")
"""Parameters that libpq rejects, only when it connects, unless they are numbers."""


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
    named = [(f"{prefix}: tenant '{tenant.name}': dsn", tenant.dsn) for tenant in environment.tenants]
    named += [(f"{prefix}.scratch_dsn", environment.policy.scratch_dsn)] if environment.policy.scratch_dsn else []
    faults = [(key, problem) for key, dsn in named if (problem := fault(dsn))]
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
