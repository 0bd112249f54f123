"""Tenants that a wave was told to work on and that are not there any more."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pgfleet.errors import PgfleetError, TenantGone
from pgfleet.fleet.model import Environment, Tenant
from pgfleet.fleet.secret import Dsn

NOWHERE = Dsn("host=absent.invalid")
"""The connection string of a tenant that has none; the name resolves nowhere (RFC 2606, 2)."""


def pick_with_absent(
    environment: Environment, names: Sequence[str], ring: str, *, file: str
) -> tuple[Environment, Mapping[str, PgfleetError]]:
    """The environment with the tenants of exactly these names, in this order, and why some of them are not there.

    One that is not there has a place in it all the same, in `ring`, so that something true is said of it.
    """
    there = {each.name: each for each in environment.tenants}
    absent = {name: _reason(environment, name, file) for name in names if name not in there}
    tenants = tuple(there.get(name) or _absent(name, ring) for name in names)
    return replace(environment, tenants=tenants), absent


def _absent(name: str, ring: str) -> Tenant:
    return Tenant(name=name, dsn=NOWHERE, home="public", ring=ring, labels={})


def _reason(environment: Environment, name: str, file: str) -> PgfleetError:
    skipped = next((each for each in environment.skipped if each.name == name), None)
    if skipped:
        return TenantGone(f"it was there when the run began, and is skipped now: {skipped.reason}")
    where = f"{file} and its inventories" if environment.inventories else file
    return TenantGone(f"it was there when the run began, and is not any more: it is unknown to {where}")
