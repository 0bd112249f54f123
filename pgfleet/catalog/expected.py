"""The expected catalog: what a replay of the manifest left, and which migration left it (provenance)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pgfleet.catalog.contracts import ContractObservation
from pgfleet.catalog.objects import CatalogObject, Identity
from pgfleet.catalog.reapply import NOTHING_TRIED, Reapplicable
from pgfleet.catalog.scope import Scope, scope_of

FORMAT = 4
"""Raised whenever ExpectedCatalog holds something else than before: one that an earlier pgfleet kept is not taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One migration's doing to one object: the object as that migration left it."""

    version: str
    object: CatalogObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """One object of the expected catalog with every migration that made or changed it, the maker first."""

    steps: tuple[Step, ...]

    @property
    def object(self) -> CatalogObject:
        """The object as the whole manifest leaves it."""
        return self.steps[-1].object

    @property
    def maker(self) -> str:
        """The version that created it."""
        return self.steps[0].version


@dataclass(frozen=True, kw_only=True)
class ExpectedCatalog:
    """What every tenant on servers of one major version must hold.

    `equivalents` maps a column default to the one that stands for it; `seeds` a seed's name to its baseline rows,
    each as a JSON object; `reruns` is what running a migration again puts right. `contracts` is what came of each
    consumer's statements there, with no role's privileges.
    """

    server_major: int
    fingerprint: str
    provenances: tuple[Provenance, ...]
    equivalents: Mapping[str, str]
    seeds: Mapping[str, tuple[Mapping[str, Any], ...]]
    reapplicable: Reapplicable = NOTHING_TRIED
    contracts: tuple[ContractObservation, ...] = ()

    def later_changers(self, version: str) -> frozenset[str]:
        """The versions that change an object after `version` did, and whose work a rerun of it may undo."""
        found: set[str] = set()
        for provenance in self.provenances:
            versions = [step.version for step in provenance.steps]
            if version in versions:
                found |= {*versions[versions.index(version) + 1 :]}
        return frozenset(found)

    @cached_property
    def scope(self) -> Scope:
        """What to look at in a tenant."""
        return scope_of(each.object for each in self.provenances)


def trace_provenance(snapshots: Sequence[tuple[str, Sequence[CatalogObject]]]) -> tuple[Provenance, ...]:
    """The provenance of each object in the last of `snapshots`: pairs of a version and the catalog after it.

    An object that a later migration dropped is not expected; one dropped and made anew begins anew.
    """
    lives: dict[Identity, tuple[Step, ...]] = {}
    for version, objects in snapshots:
        found = {each.identity: each for each in objects}
        lives = {identity: _lived_on(lives.get(identity, ()), version, found[identity]) for identity in found}
    return tuple(Provenance(steps=steps) for steps in lives.values())


def _lived_on(steps: tuple[Step, ...], version: str, found: CatalogObject) -> tuple[Step, ...]:
    if steps and steps[-1].object.attributes == found.attributes:
        latest = Step(version=steps[-1].version, object=found)
        return (*steps[:-1], latest)
    return (*steps, Step(version=version, object=found))
