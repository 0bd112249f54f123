"""The expected catalog: what a replay of the manifest left, migration by migration."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from pgfleet.catalog.contracts import ContractObservation
from pgfleet.catalog.history import Chain, History, Link, fingerprint_of
from pgfleet.catalog.objects import Catalog, CatalogObject, Identity, ObjectKind
from pgfleet.catalog.reapply import NOTHING_TRIED, Reapplicable
from pgfleet.catalog.scope import Scope, scope_of

FORMAT = 10
"""Raised whenever ExpectedCatalog changes its form, so that one cached by an earlier pgfleet is not used."""

PARTS = re.compile(r'"(?:[^"]|"")+"|[^.]+')


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One migration's effect on one object: the object as that migration left it."""

    version: str
    object: CatalogObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """One expected object with every migration that created or changed it, the creator first."""

    steps: tuple[Step, ...]

    @property
    def object(self) -> CatalogObject:
        """The object as the last of its migrations leaves it."""
        return self.steps[-1].object

    @property
    def maker(self) -> str:
        """The version that created it."""
        return self.steps[0].version


@dataclass(frozen=True, kw_only=True)
class ExpectedCatalog:
    """What tenants on servers of one major version must contain: all of the manifest, or what `applied` leaves of it.

    `equivalents` maps a column default to the one that stands for it; `seeds` maps a seed's name to its baseline rows,
    each as a JSON object. `reapplicable` says what reapplying migrations restores; `harmless` migrations are proven to
    change nothing when they are run again. `contracts` is the result of each consumer's statements after the whole
    manifest, without any role's privileges. `applied` is None for the whole manifest. `restored_forms` are objects of
    the history by the digest that they have after a dump and restore, if that is another one. A version of one of the
    `pinned` extensions is expected exactly; of the others, a newer one will do. `names_home`: the scripts may name the
    home schema, so that definitions which contain its name contain that of every tenant's. `repeats` are the
    versions that may change or lose rows when they are run again.
    """

    server_major: int
    history: History
    equivalents: Mapping[str, str]
    seeds: Mapping[str, tuple[Mapping[str, Any], ...]]
    reapplicable: Reapplicable = NOTHING_TRIED
    contracts: tuple[ContractObservation, ...] = ()
    harmless: frozenset[str] = frozenset()
    applied: frozenset[str] | None = None
    restored_forms: Mapping[str, CatalogObject] = field(default_factory=dict)
    pinned: frozenset[str] = frozenset()
    names_home: bool = True
    repeats: frozenset[str] = frozenset()

    def at(self, applied: frozenset[str]) -> "ExpectedCatalog":
        """What a tenant must contain in which just these of the manifest's versions are applied."""
        if len(applied) == len(self.history.versions):
            return self if self.applied is None else self._whole
        if applied not in self._positions:
            partial = replace(self, applied=applied, contracts=())
            final = self._whole.by_identity
            unchanged_later = {name for name, found in partial.by_identity.items() if final.get(name) == found}
            self._positions[applied] = replace(partial, reapplicable=self.reapplicable.within(unchanged_later))
        return self._positions[applied]

    @cached_property
    def _positions(self) -> dict[frozenset[str], "ExpectedCatalog"]:
        return {}

    @property
    def _whole(self) -> "ExpectedCatalog":
        return self if self.applied is None else replace(self, applied=None)

    @cached_property
    def versions(self) -> frozenset[str]:
        """The versions that are applied."""
        return frozenset(self.history.versions) if self.applied is None else self.applied

    @cached_property
    def provenances(self) -> tuple[Provenance, ...]:
        """Every object that must exist."""
        return tuple(
            Provenance(steps=steps)
            for chain in self.history.chains
            if (steps := tuple(_steps(chain, chain.reached(self.versions), self.versions)))
        )

    @cached_property
    def detachable(self) -> frozenset[Identity]:
        """The objects of tables that migrations made partitions: they exist if somebody has detached those since."""
        return frozenset(each.identity for each in self.history.chains if each.is_attached(self.versions))

    @cached_property
    def by_identity(self) -> Mapping[Identity, Provenance]:
        """The same by the object's identity."""
        return {each.object.identity: each for each in self.provenances}

    @cached_property
    def children(self) -> Mapping[tuple[str | None, str], tuple[CatalogObject, ...]]:
        """The expected objects that belong to another one (a table, a view …), by the place of that one."""
        found: dict[tuple[str | None, str], list[CatalogObject]] = {}
        for each in self.provenances:
            if each.object.parent_place is not None:
                found.setdefault(each.object.parent_place, []).append(each.object)
        return {place: tuple(objects) for place, objects in found.items()}

    @cached_property
    def ancestors(self) -> Mapping[tuple[str | None, str], frozenset[tuple[str | None, str]]]:
        """The places of the tables that a table inherits from, directly or not, by its own place."""
        parents = {
            each.object.place: [_place(name) for name in each.object.attributes.get("inherits") or ()]
            for each in self.provenances
            if each.object.identity.kind is ObjectKind.TABLE
        }
        found: dict[tuple[str | None, str], frozenset[tuple[str | None, str]]] = {}
        for place, direct in parents.items():
            reached = list(direct)
            for each in reached:  # the list grows during the iteration
                reached += [parent for parent in parents.get(each, ()) if parent not in reached]
            if reached:
                found[place] = frozenset(reached)
        return found

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint of a catalog that is exactly as expected."""
        return fingerprint_of(each.object.digest for each in self.provenances)

    @cached_property
    def known_fingerprints(self) -> Mapping[str, int]:
        """The fingerprint of each position in the manifest's order, with the last position (0, 1, … N) that has it.

        The last position also has the fingerprint of a database that was dumped and restored there.
        """
        restored = {each.digest: digest for digest, each in self.restored_forms.items()}
        digests = (each.object.digest for each in self._whole.provenances)
        end = {fingerprint_of(restored.get(each, each) for each in digests): len(self.history.versions)}
        return end | {fingerprint: place for place, fingerprint in enumerate(self.history.fingerprints())}

    def objects_in(self, catalog: Catalog) -> Mapping[Identity, CatalogObject]:
        """The managed objects of a tenant's catalog, also where they were not transferred, by their identity.

        What a dump and restore writes in another form is the object that it was, and a newer extension the expected
        one.
        """
        if catalog.managed is not None:
            return {each.identity: self._as_expected(each) for each in catalog.managed}
        place = self.known_fingerprints[catalog.fingerprint]
        return self.at(frozenset(self.history.versions[:place])).objects

    def _as_expected(self, found: CatalogObject) -> CatalogObject:
        if found.identity.kind is ObjectKind.EXTENSION and found.identity.name not in self.pinned:
            wanted = self._whole.objects.get(found.identity)
            is_later = wanted and is_newer(found.attributes["version"], wanted.attributes["version"])
            return wanted if wanted and is_later else found
        return self.restored_forms.get(found.digest, found)

    @cached_property
    def objects(self) -> Mapping[Identity, CatalogObject]:
        """The expected objects by their identity."""
        return {each.object.identity: each.object for each in self.provenances}

    def later_changers(self, version: str) -> frozenset[str]:
        """The versions that change an object after `version` did, and whose work reapplying `version` may undo."""
        return self._later.get(version, frozenset())

    @cached_property
    def _later(self) -> Mapping[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for provenance in self.provenances:
            versions = [step.version for step in provenance.steps]
            for place, version in enumerate(versions[:-1], start=1):
                found.setdefault(version, set()).update(versions[place:])
        return {version: frozenset(later) for version, later in found.items()}

    @cached_property
    def scope(self) -> Scope:
        """What to read in a tenant at any position."""
        names = (each.object.relation_name for each in self._whole.provenances)
        return replace(scope_of(self.history.objects), names=tuple(filter(None, names)))


def _place(written: str) -> tuple[str | None, str]:
    """The place of a table by its name as the server writes it: qualified unless it is in the home schema."""
    parts = [each[1:-1].replace('""', '"') if each.startswith('"') else each for each in PARTS.findall(written)]
    return (parts[0] if parts[1:] else None), parts[-1]


def _steps(chain: Chain, index: int, applied: frozenset[str]) -> Iterable[Step]:
    life: tuple[Link, ...] = chain.life(index)
    return (Step(version=each.version, object=each.state) for each in life if each.state and each.version in applied)


NUMBERS = re.compile(r"\d+(?:\.\d+)*")


def is_newer(found: str, expected: str) -> bool:
    """Whether the version found is newer; of names that are not numbers (`unpackaged`), none is.

    PostgreSQL does not order versions (PostgreSQL manual, 36.17.5 Extension Updates); in practice they are numbers.
    """
    if not (NUMBERS.fullmatch(found) and NUMBERS.fullmatch(expected)):
        return False
    one, other = ([int(part) for part in each.split(".")] for each in (found, expected))
    return one > other
