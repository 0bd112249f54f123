"""Which tenants of an environment are meant, and how they are cut into waves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from pgfleet.errors import FleetError
from pgfleet.fleet.model import Environment, SkippedTenant, Tenant

ALL_OF = {2: "both", 3: "all three"}


def select_tenants(
    environment: Environment, *, tenants: Sequence[str] = (), rings: Sequence[str] = (), labels: Sequence[str] = ()
) -> Environment:
    """The environment with those tenants alone: named or matched by a pattern (`acme-*`), of one of `rings`, and with
    each of `labels` (`region=eu`, `tier=g*`), where one of those with the same key will do.

    Nothing given means all. Those that are skipped are chosen in the same way. Raises FleetError for a name or a label
    that matches no tenant, and for a ring that is not there.
    """
    wanted = _wanted(labels)
    _refuse_unknown_rings(environment, rings)
    _refuse_unmatched_names(environment, tenants)
    _refuse_unmatched_labels(environment, wanted)
    choice = _Choice(tenants, rings, wanted)
    chosen = tuple(each for each in environment.tenants if choice.includes(each))
    if not chosen:
        raise choice.error(environment)
    skipped = tuple(each for each in environment.skipped if choice.includes(each))
    return replace(environment, tenants=chosen, skipped=skipped)


def pick_tenants(environment: Environment, names: Sequence[str]) -> Environment:
    """The environment with the tenants of exactly these names, in this order; one no longer there is left out."""
    by_name = {each.name: each for each in environment.tenants}
    return replace(environment, tenants=tuple(by_name[name] for name in names if name in by_name))


def cut_waves(environment: Environment) -> tuple[tuple[Tenant, ...], ...]:
    """The tenants ring after ring, each ring cut into waves of at most as many as the policy says."""
    size = environment.policy.waves.size_tenants
    by_ring = ([each for each in environment.tenants if each.ring == ring] for ring in environment.policy.rings)
    return tuple(tuple(ring[start : start + size]) for ring in by_ring for start in range(0, len(ring), size))


def fits(name: str, pattern: str) -> bool:
    """Whether the pattern (`acme-*`) is the name itself or matches it; letter case counts."""
    return name == pattern or fnmatchcase(name, pattern)


@dataclass(frozen=True, slots=True)
class _Choice:
    """What was asked for; `labels` maps a key to the patterns of which its value must fit one."""

    patterns: Sequence[str]
    rings: Sequence[str]
    labels: Mapping[str, Sequence[str]]

    def includes(self, tenant: Tenant | SkippedTenant) -> bool:
        named = not self.patterns or any(fits(tenant.name, pattern) for pattern in self.patterns)
        labelled = all(_has(tenant, key, patterns) for key, patterns in self.labels.items())
        return named and labelled and (not self.rings or tenant.ring in self.rings)

    def error(self, environment: Environment) -> FleetError:
        """Why nothing is chosen."""
        given = {"--tenant": self.patterns, "--ring": self.rings, "--label": self.labels}
        options = [option for option, value in given.items() if value]
        if len(options) > 1:
            problem = f"no tenant of {environment.name} is chosen by {ALL_OF[len(options)]}"
            return FleetError(", ".join(options), "", problem)
        if self.rings:
            return FleetError("--ring", ", ".join(self.rings), f"no tenant of {environment.name} is in it")
        if self.labels:
            return FleetError("--label", "", f"no tenant of {environment.name} has all of them")
        return FleetError(f"environments.{environment.name}.tenants", "", "there are none")


def _has(tenant: Tenant | SkippedTenant, key: str, patterns: Sequence[str]) -> bool:
    return key in tenant.labels and any(fits(tenant.labels[key], pattern) for pattern in patterns)


def _wanted(labels: Sequence[str]) -> Mapping[str, Sequence[str]]:
    wanted: dict[str, list[str]] = {}
    for label in labels:
        key, equals, pattern = label.partition("=")
        if not key or not equals:
            raise FleetError("--label", label, "must be a key and a value, such as region=eu or tier=g*")
        wanted.setdefault(key, []).append(pattern)
    return wanted


def _refuse_unknown_rings(environment: Environment, rings: Sequence[str]) -> None:
    for ring in rings:
        if ring not in environment.policy.rings:
            raise FleetError("--ring", ring, f"{environment.name} has the rings {', '.join(environment.policy.rings)}")


def _refuse_unmatched_names(environment: Environment, patterns: Sequence[str]) -> None:
    for pattern in patterns:
        if any(fits(tenant.name, pattern) for tenant in environment.tenants):
            continue
        skipped = next((each for each in environment.skipped if fits(each.name, pattern)), None)
        if skipped:
            named = "it" if skipped.name == pattern else skipped.name
            raise FleetError("--tenant", pattern, f"{named} is skipped: {skipped.reason}")
        raise FleetError("--tenant", pattern, f"no tenant of {environment.name} is named so")


def _refuse_unmatched_labels(environment: Environment, wanted: Mapping[str, Sequence[str]]) -> None:
    for key, patterns in wanted.items():
        for pattern in patterns:
            if not any(_has(tenant, key, [pattern]) for tenant in environment.tenants):
                raise FleetError("--label", f"{key}={pattern}", f"no tenant of {environment.name} has it")
