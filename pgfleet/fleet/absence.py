"""Tenants of a wave that do not exist any more."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pgfleet.errors import PgfleetError, TenantGone
from pgfleet.fleet.model import Environment, Tenant
from pgfleet.fleet.secret import Dsn

NOWHERE = Dsn("host=absent.invalid")
"""The connection string of an absent tenant; the name never resolves (RFC 2606, 2)."""


def pick_with_absent(
    environment: Environment, names: Sequence[str], ring: str, *, file: str
) -> tuple[Environment, Mapping[str, PgfleetError]]:
    """The environment with exactly these tenants, in this order, and why some of them are absent, by name.

    An absent tenant is included, in `ring`, so that the run reports it.
    """
    existing = {each.name: each for each in environment.tenants}
    absent = {name: _reason(environment, name, file) for name in names if name not in existing}
    tenants = tuple(existing.get(name) or _absent(name, ring) for name in names)
    return replace(environment, tenants=tenants), absent


def _absent(name: str, ring: str) -> Tenant:
    return Tenant(name=name, dsn=NOWHERE, home="public", ring=ring, labels={})


def _reason(environment: Environment, name: str, file: str) -> PgfleetError:
    skipped = next((each for each in environment.skipped if each.name == name), None)
    if skipped:
        return TenantGone(f"it existed when the run started, and is skipped now: {skipped.reason}")
    where = f"{file} and its inventories" if environment.inventories else file
    return TenantGone(f"it existed when the run started, and is not in {where} any more")
