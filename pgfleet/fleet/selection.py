"""Which tenants of an environment a run works on, how they are divided into waves, and which of a wave are gone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from pgfleet.errors import FleetError, PgfleetError, TenantGone
from pgfleet.fleet.model import Environment, SkippedTenant, Tenant
from pgfleet.fleet.secret import Dsn
from pgfleet.wording import did_you_mean

ALL_OF = {2: "both", 3: "all three"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The tenants that match one of the names or patterns (`acme-*`), are in one of the rings, and match the labels.

    A label is `key=value` or `key=pattern`; of several labels with the same key, one must match. An empty field
    matches every tenant.
    """

    tenants: tuple[str, ...] = ()
    rings: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        tenants: Iterable[str] | None = None,
        rings: Iterable[str] | None = None,
        labels: Iterable[str] | None = None,
    ) -> "Selection":
        """The selection for options of the command line or parameters of a flow, where None means not given."""
        return cls(tenants=tuple(tenants or ()), rings=tuple(rings or ()), labels=tuple(labels or ()))

    @property
    def parameters(self) -> dict[str, list[str]]:
        """The selection as parameters of a flow."""
        given = {"tenants": self.tenants, "rings": self.rings, "labels": self.labels}
        return {name: list(values) for name, values in given.items() if values}


ALL_TENANTS = Selection()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Tenants of one ring that a run works on together. Waves of a run are numbered from 1."""

    ring: str
    number: int
    tenants: tuple[Tenant, ...]

    @property
    def names(self) -> list[str]:
        """The names of its tenants."""
        return [each.name for each in self.tenants]


def select_tenants(environment: Environment, selection: Selection) -> Environment:
    """The environment with only the selected tenants; skipped tenants are selected in the same way.

    Raises FleetError for a name or a label that matches no tenant, for an unknown ring, and if no tenant is selected.
    """
    wanted = _wanted(selection.labels)
    _require_known_rings(environment, selection.rings)
    _require_matching_names(environment, selection.tenants)
    _require_matching_labels(environment, wanted)

    def is_selected(tenant: Tenant | SkippedTenant) -> bool:
        is_named = not selection.tenants or any(fits(tenant.name, pattern) for pattern in selection.tenants)
        is_labeled = all(_has(tenant, key, patterns) for key, patterns in wanted.items())
        return is_named and is_labeled and (not selection.rings or tenant.ring in selection.rings)

    chosen = tuple(filter(is_selected, environment.tenants))
    if not chosen:
        raise _nothing_selected(environment, selection)
    return replace(environment, tenants=chosen, skipped=tuple(filter(is_selected, environment.skipped)))


def pick_tenants(environment: Environment, names: Sequence[str]) -> Environment:
    """The environment with the tenants of exactly these names, in this order; unknown names are left out."""
    by_name = {each.name: each for each in environment.tenants}
    return replace(environment, tenants=tuple(by_name[name] for name in names if name in by_name))


def cut_waves(environment: Environment) -> tuple[Wave, ...]:
    """The tenants in the order of the rings, each ring divided into waves of at most the policy's wave size."""
    size = environment.policy.waves.size_tenants
    by_ring = ([each for each in environment.tenants if each.ring == ring] for ring in environment.policy.rings)
    groups = (tuple(ring[start : start + size]) for ring in by_ring for start in range(0, len(ring), size))
    return tuple(
        Wave(ring=tenants[0].ring, number=number, tenants=tenants) for number, tenants in enumerate(groups, start=1)
    )


def fits(name: str, pattern: str) -> bool:
    """Whether the pattern (`acme-*`) equals or matches the name, case-sensitively."""
    return name == pattern or fnmatchcase(name, pattern)


def _nothing_selected(environment: Environment, selection: Selection) -> FleetError:
    given = {"--tenant": selection.tenants, "--ring": selection.rings, "--label": selection.labels}
    options = [option for option, value in given.items() if value]
    if len(options) > 1:
        problem = f"no tenant of {environment.name} matches {ALL_OF[len(options)]}"
        return FleetError(", ".join(options), "", problem)
    if selection.rings:
        return FleetError("--ring", ", ".join(selection.rings), f"no tenant of {environment.name} is in this ring")
    if selection.labels:
        return FleetError("--label", "", f"no tenant of {environment.name} has all of these labels")
    return FleetError(f"environments.{environment.name}.tenants", "", "the environment has no tenants")


def _has(tenant: Tenant | SkippedTenant, key: str, patterns: Sequence[str]) -> bool:
    return key in tenant.labels and any(fits(tenant.labels[key], pattern) for pattern in patterns)


def _wanted(labels: Sequence[str]) -> Mapping[str, Sequence[str]]:
    wanted: dict[str, list[str]] = {}
    for label in labels:
        key, equals, pattern = label.partition("=")
        if not key or not equals:
            raise FleetError("--label", label, "must be key=value, such as region=eu or tier=g*")
        wanted.setdefault(key, []).append(pattern)
    return wanted


def _require_known_rings(environment: Environment, rings: Sequence[str]) -> None:
    for ring in rings:
        if ring not in environment.policy.rings:
            rings = environment.policy.rings
            problem = f"{environment.name} has the rings {', '.join(rings)}{did_you_mean(ring, rings)}"
            raise FleetError("--ring", ring, problem)


def _require_matching_names(environment: Environment, patterns: Sequence[str]) -> None:
    for pattern in patterns:
        if any(fits(tenant.name, pattern) for tenant in environment.tenants):
            continue
        skipped = next((each for each in environment.skipped if fits(each.name, pattern)), None)
        if skipped:
            named = "it" if skipped.name == pattern else skipped.name
            raise FleetError("--tenant", pattern, f"{named} is skipped: {skipped.reason}")
        similar = did_you_mean(pattern, (each.name for each in environment.tenants))
        raise FleetError("--tenant", pattern, f"no tenant of {environment.name} has this name{similar}")


def _require_matching_labels(environment: Environment, wanted: Mapping[str, Sequence[str]]) -> None:
    for key, patterns in wanted.items():
        for pattern in patterns:
            if not any(_has(tenant, key, [pattern]) for tenant in environment.tenants):
                label, all_labels = f"{key}={pattern}", (each.labels.items() for each in environment.tenants)
                similar = did_you_mean(label, (f"{name}={value}" for found in all_labels for name, value in found))
                raise FleetError("--label", label, f"no tenant of {environment.name} has this label{similar}")


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
    tenants = tuple(
        existing.get(name) or Tenant(name=name, dsn=NOWHERE, home="public", ring=ring, labels={}) for name in names
    )
    return replace(environment, tenants=tenants), absent


def _reason(environment: Environment, name: str, file: str) -> PgfleetError:
    skipped = next((each for each in environment.skipped if each.name == name), None)
    if skipped:
        return TenantGone(f"it existed when the run started, and is skipped now: {skipped.reason}")
    where = f"{file} and its inventories" if environment.inventories else file
    return TenantGone(f"it existed when the run started, and is not in {where} any more")
