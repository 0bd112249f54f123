"""The history of a manifest: which states each object goes through, migration by migration."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pgfleet.catalog.objects import CatalogObject, Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What one migration made of one object: the state it left, or None where it dropped the object.

    `is_attached`: it made the object's table a partition. The object exists again once somebody detaches the table.
    """

    version: str
    state: CatalogObject | None
    is_attached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """One object's states: absent (index 0), then the state after each link (index 1, 2, …)."""

    identity: Identity
    links: tuple[Link, ...]

    @property
    def parent_places(self) -> frozenset[tuple[str | None, str] | None]:
        """The places of the objects that it belonged to in its states; None for one that it had alone."""
        return frozenset(link.state.parent_place for link in self.links if link.state)

    def state(self, index: int) -> CatalogObject | None:
        """The object's state after that many links; None where it is absent."""
        return self.links[index - 1].state if index else None

    def matches(self, found: CatalogObject | None) -> tuple[int, ...]:
        """The indexes at which the object's state is the one found, in ascending order."""
        return tuple(n for n in range(len(self.links) + 1) if is_same(self.state(n), found))

    def closest(self, found: CatalogObject | None) -> tuple[int, ...]:
        """The indexes of the states that are most like the object found: equal ones, if there are any.

        Of an altered object, the attributes count that differ between its states.
        """
        if (equal := self.matches(found)) or found is None:
            return equal
        states = {n: state for n in range(1, len(self.links) + 1) if (state := self.state(n)) is not None}
        names = {name for state in states.values() for name in state.attributes}
        varying = [name for name in names if len({repr(each.attributes.get(name)) for each in states.values()}) > 1]
        likeness = {
            n: sum(state.attributes.get(name) == found.attributes.get(name) for name in varying)
            for n, state in states.items()
        }
        return tuple(n for n, number in likeness.items() if number == max(likeness.values()))

    def closest_or_detached(self, found: CatalogObject | None) -> frozenset[int]:
        """The same, and the indexes at which the object may exist because its table was detached since."""
        detached = (n for n, link in enumerate(self.links, start=1) if link.is_attached) if found else ()
        return frozenset((*self.closest(found), *detached))

    def reached(self, applied: frozenset[str]) -> int:
        """The index of the state in which the object must be where these versions are applied."""
        return max((n for n, link in enumerate(self.links, start=1) if link.version in applied), default=0)

    def is_attached(self, applied: frozenset[str]) -> bool:
        """Whether the object belongs to a partition where these versions are applied."""
        index = self.reached(applied)
        return index > 0 and self.links[index - 1].is_attached

    def life(self, index: int) -> tuple[Link, ...]:
        """The links that made the state at `index`: from the one that created the object; none where it is absent."""
        if self.state(index) is None:
            return ()
        created = max((n for n in range(index) if self.state(n) is None), default=0)
        return self.links[created:index]


@dataclass(frozen=True, kw_only=True)
class History:
    """A manifest's versions in order, and the chain of every object that ever existed during its replay.

    `partitions` are the schemas and names of the tables that a version makes partitions of others, if it does nothing
    else; `all_partitions` are those of all versions.
    """

    versions: tuple[str, ...] = ()
    chains: tuple[Chain, ...] = ()
    partitions: Mapping[str, frozenset[tuple[str | None, str]]] = field(default_factory=dict)
    all_partitions: frozenset[tuple[str | None, str]] = frozenset()

    @cached_property
    def by_version(self) -> Mapping[str, tuple[tuple[Chain, int], ...]]:
        """Each version's effects: the chains that it has a link in, each with the link's index."""
        found: dict[str, list[tuple[Chain, int]]] = {version: [] for version in self.versions}
        for chain in self.chains:
            for index, link in enumerate(chain.links, start=1):
                found[link.version].append((chain, index))
        return {version: tuple(effects) for version, effects in found.items()}

    @cached_property
    def traceless(self) -> frozenset[str]:
        """The versions that leave no trace in the catalog: they change only data, or nothing."""
        return frozenset(version for version, effects in self.by_version.items() if not effects)

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Each version's place in the manifest, counted from 1."""
        return {version: place for place, version in enumerate(self.versions, start=1)}

    @cached_property
    def objects(self) -> tuple[CatalogObject, ...]:
        """Every object that ever existed, each in its last state: what to look at in a tenant at any position."""
        return tuple(
            next(link.state for link in reversed(chain.links) if link.state is not None) for chain in self.chains
        )

    def fingerprints(self) -> Iterator[str]:
        """The fingerprint of the catalog after 0, 1, … N migrations, N + 1 of them."""
        digests: dict[Identity, str] = {}
        yield fingerprint_of(digests.values())
        for version in self.versions:
            for chain, index in self.by_version[version]:
                state = chain.state(index)
                if state is None:
                    digests.pop(chain.identity, None)
                else:
                    digests[chain.identity] = state.digest
            yield fingerprint_of(digests.values())


def is_same(one: CatalogObject | None, other: CatalogObject | None) -> bool:
    """Whether two states of an object are equal; None is absent."""
    if one is None or other is None:
        return one is other
    if one.digest and other.digest:
        return one.digest == other.digest
    return one.attributes == other.attributes


def fingerprint_of(digests: Iterable[str]) -> str:
    """The fingerprint of a catalog of objects with these digests, as the server computes it: SHA-256, hexadecimal."""
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


def trace(catalogs: Iterable[tuple[str, Iterable[CatalogObject]]]) -> History:
    """The history that pairs of a version and the catalog after it tell, in the order of the migrations.

    An object whose definition is written in another way without a change of its attributes keeps its state and takes
    the newer definition. Each catalog is looked at once, so a generator may read them one at a time.
    """
    versions: list[str] = []
    chains: dict[Identity, list[Link]] = {}
    for version, objects in catalogs:
        versions.append(version)
        found = {each.identity: each for each in objects}
        for identity, object_ in found.items():
            _follow(chains.setdefault(identity, []), version, object_)
        for identity in chains.keys() - found.keys():
            _follow(chains[identity], version, None)
    return History(
        versions=tuple(versions),
        chains=tuple(Chain(identity=identity, links=tuple(links)) for identity, links in chains.items()),
    )


def _follow(links: list[Link], version: str, found: CatalogObject | None) -> None:
    state = links[-1].state if links else None
    if not is_same(state, found):
        links.append(Link(version=version, state=found))
    elif found is not None:
        links[-1] = Link(version=links[-1].version, state=found)
