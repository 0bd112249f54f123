"""The expected catalog: the result of replaying the manifest, with the provenance of every object."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pgfleet.catalog.contracts import ContractObservation
from pgfleet.catalog.objects import CatalogObject, Identity
from pgfleet.catalog.reapply import NOTHING_TRIED, Reapplicable
from pgfleet.catalog.scope import Scope, scope_of

FORMAT = 5
"""Increase this number when ExpectedCatalog changes, so that a cached one of an earlier pgfleet is not used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One object in the state after one migration."""

    version: str
    object: CatalogObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """One object of the expected catalog with every migration that created or changed it, in manifest order."""

    steps: tuple[Step, ...]

    @property
    def object(self) -> CatalogObject:
        """The object after the last migration."""
        return self.steps[-1].object

    @property
    def maker(self) -> str:
        """The version that created it."""
        return self.steps[0].version


@dataclass(frozen=True, kw_only=True)
class ExpectedCatalog:
    """What every tenant on servers of one major version must contain.

    `equivalents` maps a column default to an equivalent one. `seeds` maps a seed's name to its baseline rows, as JSON
    objects. `reapplicable` says which differences are fixed by running migrations again. `contracts` are the results of
    the consumers' statements in the scratch database, without checking privileges.
    """

    server_major: int
    fingerprint: str
    provenances: tuple[Provenance, ...]
    equivalents: Mapping[str, str]
    seeds: Mapping[str, tuple[Mapping[str, Any], ...]]
    reapplicable: Reapplicable = NOTHING_TRIED
    contracts: tuple[ContractObservation, ...] = ()

    def later_changers(self, version: str) -> frozenset[str]:
        """The versions that change an object after `version` does; a rerun of `version` may undo these changes."""
        found: set[str] = set()
        for provenance in self.provenances:
            versions = [step.version for step in provenance.steps]
            if version in versions:
                found |= {*versions[versions.index(version) + 1 :]}
        return frozenset(found)

    @cached_property
    def scope(self) -> Scope:
        """What to read from a tenant's catalog."""
        return scope_of(each.object for each in self.provenances)


def trace_provenance(snapshots: Sequence[tuple[str, Sequence[CatalogObject]]]) -> tuple[Provenance, ...]:
    """The provenance of every object in the last of `snapshots`: pairs of a version and the catalog after it.

    A dropped object is not expected. The provenance of an object that was dropped and created again starts there.
    """
    steps: dict[Identity, tuple[Step, ...]] = {}
    for version, objects in snapshots:
        found = {each.identity: each for each in objects}
        steps = {identity: _extend_steps(steps.get(identity, ()), version, found[identity]) for identity in found}
    return tuple(Provenance(steps=each) for each in steps.values())


def _extend_steps(steps: tuple[Step, ...], version: str, found: CatalogObject) -> tuple[Step, ...]:
    if steps and steps[-1].object.attributes == found.attributes:
        latest = Step(version=steps[-1].version, object=found)
        return (*steps[:-1], latest)
    return (*steps, Step(version=version, object=found))
