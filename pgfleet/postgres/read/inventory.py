"""Reads an environment's inventories: which tenants exist now."""

import json
from collections.abc import Sequence
from typing import Any

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from pgfleet.errors import ConnectionLimitTimeout, DatabaseError, FleetError, InventoryUnreadable, ServerSilent
from pgfleet.fleet.inventory import Found, InventoryRow, TenantBuilder, add_inventory_tenants, read_record
from pgfleet.fleet.model import Environment, Inventory, InventoryKind
from pgfleet.fleet.templates import Values
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.query import Query, Rows
from pgfleet.postgres.session import Session
from pgfleet.run.connection_limiter import ConnectionLimiter
from pgfleet.run.shipped import statement
from pgfleet.run.silent_servers import SilentServers

ATTEMPTS = 3
UNDEFINED_COLUMN = "42703"
INSUFFICIENT_PRIVILEGE = "42501"
FAULTY = ("22", "42", "25006")
"""SQLSTATEs and classes that mean the fleet file is wrong: an invalid pattern, a missing table, a write (PostgreSQL
manual, appendix A)."""
WITHOUT_VALUES = ("08", "25", "28", "3D", "40", "42", "53", "55", "57")
"""SQLSTATE classes whose messages name relations, columns, and limits, but never a value that was read."""

retrying = Retrying(
    retry=retry_if_exception(
        lambda error: (
            isinstance(error, DatabaseError)
            and error.transient
            and not isinstance(error, (ConnectionLimitTimeout, ServerSilent))
        )
    ),
    stop=stop_after_attempt(ATTEMPTS),
    wait=wait_random_exponential(multiplier=0.2, max=1),
    reraise=True,
)


def read_inventories(
    environment: Environment,
    values: Values,
    *,
    file: str,
    limiter: ConnectionLimiter,
    silences: SilentServers | None = None,
    names: Sequence[str] | None = None,
) -> Environment:
    """The environment with the tenants of all its inventories: one connection and one query each, in sequence.

    With `names`, only those tenants are queried, and none if the fleet file lists them all. `silences` are the servers
    that have not answered to the run. Raises FleetError for an inventory that is wrong, and InventoryUnreadable for one
    that does not answer, which must not read as empty.
    """
    listed = {each.name for each in environment.tenants}
    wanted = None if names is None else [each for each in names if each not in listed]
    if wanted == []:
        return environment
    readings = [
        TenantBuilder(each, environment, values, libpq.for_database, file=file) for each in environment.inventories
    ]
    found = [_read(each, limiter, silences or SilentServers(), wanted) for each in readings]
    return add_inventory_tenants(environment, found, file=file)


def _read(
    reading: TenantBuilder, limiter: ConnectionLimiter, silences: SilentServers, names: Sequence[str] | None
) -> Found:
    inventory = reading.inventory
    for key, dsn in (("dsn", inventory.dsn), ("tenant_dsn", inventory.tenant_dsn)):
        if dsn and (problem := libpq.fault(dsn)):
            raise reading.error(f"{key} {problem}")
    try:
        rows: Rows = retrying(_rows, inventory, reading.environment, limiter, silences, names)
    except DatabaseError as error:
        raise _inventory_error(error, reading) from None
    try:
        return reading.tenants([_row(inventory.kind, row) for row in rows])
    except ValueError as error:
        raise reading.error(str(error)) from None


def _rows(
    inventory: Inventory,
    environment: Environment,
    limiter: ConnectionLimiter,
    silences: SilentServers,
    names: Sequence[str] | None,
) -> Rows:
    """The inventory's rows, from a read-only transaction. Raises a DatabaseError."""
    policy = environment.policy
    limits = Limits(
        application_name=f"pgfleet inventory {environment.name}"[:63],
        connect_timeout_seconds=policy.connect_timeout_seconds,
        statement_timeout_ms=policy.statement_timeout_ms,
        lock_timeout_ms=policy.lock_timeout_ms,
        limiter=limiter,
        silent_servers=silences,
    )
    with Session(inventory.dsn, limits=limits) as session:
        [rows] = session.fetch(_query(inventory, names))
        return rows


def _query(inventory: Inventory, names: Sequence[str] | None) -> Query:
    text = statement(f"inventory/{inventory.kind}")
    if inventory.query is not None:  # a text with bound values doubles its percent signs
        text = text.replace("{query}", inventory.query.replace("%", "%%"))
    wanted = None if names is None else list(names)
    parameters = {"like": inventory.like, "regex": inventory.regex, "names": wanted}
    return Query(text, parameters, at_home=inventory.query is not None)


def _row(kind: InventoryKind, row: tuple[Any, ...]) -> InventoryRow:
    if kind is InventoryKind.DATABASES:
        return InventoryRow(name=row[0], dbname=row[0])
    if kind is InventoryKind.SCHEMAS:
        return InventoryRow(name=row[0], schema=row[0])
    name, record = row
    return read_record(name, json.loads(record, parse_float=str))


def _inventory_error(error: DatabaseError, reading: TenantBuilder) -> FleetError | InventoryUnreadable:
    """A FleetError if the SQLSTATE means that the fleet file is wrong, else InventoryUnreadable."""
    inventory = reading.inventory
    message = str(error)
    if inventory.kind is InventoryKind.QUERY and error.sqlstate and not error.sqlstate.startswith(WITHOUT_VALUES):
        message = f"SQLSTATE {error.sqlstate}; its message is withheld, as it may contain values that were read"
    if error.sqlstate == UNDEFINED_COLUMN and "found.name" in error.message:
        return reading.error("query returns no column 'name'")
    if error.sqlstate.startswith(FAULTY) and error.sqlstate != INSUFFICIENT_PRIVILEGE:
        key = next(key for key in ("query", "regex", "like") if getattr(inventory, key) is not None)
        return reading.error(f"{key} is rejected by {libpq.server(inventory.dsn)}: {message}")
    where = f"{reading.file}: environments.{reading.environment.name}.{inventory.title}"
    return InventoryUnreadable(where, libpq.server(inventory.dsn), message)
