"""In which order a manifest's migrations depend on each other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pgfleet.manifest.model import Migration


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Which migrations each one requires, directly or through others.

    `is_linear`: each migration requires all those before it, so that a tenant's position is a single number. Repeatable
    migrations are not part of that number: each requires all others before it runs, but runs again whenever its text
    changes, so that an applied one says nothing about the others.
    """

    requires: Mapping[str, frozenset[str]]
    is_linear: bool
    repeatable: frozenset[str] = frozenset()

    def closed(self, versions: Iterable[str]) -> frozenset[str]:
        """These versions with all those that must be applied because these are."""
        found = frozenset(versions)
        return found.union(*(self.requires[each] for each in found - self.repeatable))


def order_of(migrations: Sequence[Migration], *, is_linear: bool) -> Order:
    """The order of these migrations: linear if `is_linear`, or if each one requires the one before it."""
    requires: dict[str, frozenset[str]] = {}
    versioned: list[str] = []
    repeatable = frozenset(each.version for each in migrations if each.repeatable)
    for each in migrations:
        direct = versioned[-1:] if is_linear else versioned if each.repeatable else each.requires
        requires[each.version] = frozenset(direct).union(*(requires[version] for version in direct))
        if not each.repeatable:
            versioned.append(each.version)
    lengths = [len(requires[version]) for version in versioned]
    return Order(requires=requires, is_linear=lengths == list(range(len(lengths))), repeatable=repeatable)
