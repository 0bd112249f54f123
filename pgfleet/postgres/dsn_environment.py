"""The environment of a database that only a connection string names, and the fleet file that describes it."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgfleet.errors import FleetError
from pgfleet.fleet.file import FleetDocument
from pgfleet.fleet.model import Environment
from pgfleet.fleet.parse import build_environment
from pgfleet.fleet.secret import masked_name
from pgfleet.fleet.values import tenant_name_fault
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.dsn import check_dsns
from pgfleet.run.variables import References

OPTION = "--dsn"
NAMELESS = "database"
PASSWORDS = {"password": "${PGPASSWORD}", "sslpassword": "${PGSSLPASSWORD}"}
"""What replaces a password that the connection string contains."""
REFERENCE = re.compile(r"\$\{[^{}]+\}")


def dsn_environment(dsn: str, values: References, *, ledger_owners: Sequence[str] = ()) -> Environment:
    """The environment of the database at `dsn`, whose references have these values.

    The tenant has the database's name, or the name "database" if that cannot be a tenant's, and the environment the
    same name, as far as an environment can: `tenant-a` for `tenant_A`. Raises FleetError.
    """
    table = {"tenants": [{"name": NAMELESS, "dsn": dsn}], "ledger_owners": [*ledger_owners]}
    document = FleetDocument.model_validate({"environments": {NAMELESS: table}})
    try:
        environment = build_environment(document, NAMELESS, values, file=OPTION)
        check_dsns(environment, file=OPTION)
    except FleetError as error:
        raise FleetError(OPTION, "", error.problem) from None
    [tenant] = environment.tenants
    database = masked_name(libpq.database(tenant.dsn), libpq.secrets(tenant.dsn))
    name = NAMELESS if tenant_name_fault(database) else database
    title = "-".join(re.findall("[a-z0-9]+", name.lower())) or NAMELESS
    return replace(environment, name=title, tenants=(replace(tenant, name=name),))


def without_passwords(dsn: str) -> str | None:
    """The string as the user wrote it, with a reference to a variable in place of each password.

    None if only the values of several references make it a connection string.
    """
    if REFERENCE.fullmatch(dsn):
        return dsn
    try:
        parts = conninfo_to_dict(dsn)
    except (ProgrammingError, UnicodeError):
        return None
    written = {name: str(parts[name]) for name in PASSWORDS if parts.get(name)}
    replaced = {name: PASSWORDS[name] for name, value in written.items() if not REFERENCE.fullmatch(value)}
    return make_conninfo(dsn, **replaced) if replaced else dsn


def fleet_file(environment: Environment, dsn: str, *, manifest: str) -> str:
    """The text of a fleet file with this environment, whose only tenant is at `dsn`."""
    [tenant] = environment.tenants
    owners = json.dumps([*environment.policy.ledger_owners], ensure_ascii=False)
    lines = [
        f"manifest = {json.dumps(manifest, ensure_ascii=False)}",
        "",
        f"[environments.{environment.name}]",
        *([f"ledger_owners = {owners}"] if environment.policy.ledger_owners else []),
        "",
        f"[[environments.{environment.name}.tenants]]",
        f"name = {json.dumps(tenant.name, ensure_ascii=False)}",
        f"dsn = {json.dumps(dsn, ensure_ascii=False)}",
    ]
    return "\n".join(lines) + "\n"
