"""Reads connection strings as libpq does."""

import os.path
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgfleet.errors import FleetError
from pgfleet.fleet.model import Environment
from pgfleet.fleet.secret import Dsn, redacted_name

DEFAULT_PORT = "5432"


@cache
def _parts(text: str) -> dict[str, str]:
    return {name: str(value) for name, value in conninfo_to_dict(text).items() if value is not None}


def fault(dsn: Dsn) -> str | None:
    """Why libpq would reject the string, without quoting it; or None."""
    try:
        _parts(dsn.text)
    except ProgrammingError:
        return "is no connection string that libpq understands (postgresql://user@host/dbname, or host=… dbname=…)"
    return None


def check_dsns(environment: Environment, *, file: str) -> None:
    """Raises FleetError for the first connection string that libpq would reject."""
    for tenant in environment.tenants:
        if problem := fault(tenant.dsn):
            raise FleetError(file, f"environments.{environment.name}: tenant '{tenant.name}': dsn", problem)
    scratch = environment.policy.scratch_dsn
    if scratch and (problem := fault(scratch)):
        raise FleetError(file, f"environments.{environment.name}.scratch_dsn", problem)


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
