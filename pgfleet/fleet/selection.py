"""Which tenants of an environment are meant, and how they are cut into waves."""

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from pgfleet.errors import FleetError
from pgfleet.fleet.model import Environment, Tenant


def select_tenants(environment: Environment, *, tenants: Sequence[str] = (), rings: Sequence[str] = ()) -> Environment:
    """The environment with those tenants alone: named or matched by a pattern (`acme-*`), and of one of `rings`.

    Nothing given means all. Raises FleetError for a name that matches no tenant and for a ring that is not there.
    """
    for ring in rings:
        if ring not in environment.policy.rings:
            raise FleetError("--ring", ring, f"{environment.name} has the rings {', '.join(environment.policy.rings)}")
    for pattern in tenants:
        if not any(_is_named(tenant, pattern) for tenant in environment.tenants):
            raise FleetError("--tenant", pattern, f"no tenant of {environment.name} is named so")
    chosen = tuple(each for each in environment.tenants if _is_chosen(each, tenants, rings))
    if not chosen:
        raise _nothing_chosen(environment, tenants, rings)
    return replace(environment, tenants=chosen)


def pick_tenants(environment: Environment, names: Sequence[str]) -> Environment:
    """The environment with the tenants of exactly these names, in this order; one no longer there is left out."""
    by_name = {each.name: each for each in environment.tenants}
    return replace(environment, tenants=tuple(by_name[name] for name in names if name in by_name))


def cut_waves(environment: Environment) -> tuple[tuple[Tenant, ...], ...]:
    """The tenants ring after ring, each ring cut into waves of at most as many as the policy says."""
    size = environment.policy.waves.size_tenants
    by_ring = ([each for each in environment.tenants if each.ring == ring] for ring in environment.policy.rings)
    return tuple(tuple(ring[start : start + size]) for ring in by_ring for start in range(0, len(ring), size))


def _is_chosen(tenant: Tenant, patterns: Sequence[str], rings: Sequence[str]) -> bool:
    named = not patterns or any(_is_named(tenant, pattern) for pattern in patterns)
    return named and (not rings or tenant.ring in rings)


def _is_named(tenant: Tenant, pattern: str) -> bool:
    return fits(tenant.name, pattern)


def fits(name: str, pattern: str) -> bool:
    """Whether the pattern (`acme-*`) is the name itself or matches it; letter case counts."""
    return name == pattern or fnmatchcase(name, pattern)


def _nothing_chosen(environment: Environment, patterns: Sequence[str], rings: Sequence[str]) -> FleetError:
    if patterns and rings:
        return FleetError("--tenant, --ring", "", f"no tenant of {environment.name} is chosen by both")
    if rings:
        return FleetError("--ring", ", ".join(rings), f"no tenant of {environment.name} is in it")
    return FleetError(f"environments.{environment.name}.tenants", "", "there are none")
