"""In which order a manifest's migrations depend on each other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pgfleet.manifest.model import Migration


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Which migrations each one requires, directly or through others.

    `is_linear`: each migration requires all those before it, so that a tenant's position is a single number.
    """

    requires: Mapping[str, frozenset[str]]
    is_linear: bool

    def closed(self, versions: Iterable[str]) -> frozenset[str]:
        """These versions with all that they require."""
        found = frozenset(versions)
        return found.union(*(self.requires[each] for each in found))


def order_of(migrations: Iterable[Migration], *, is_linear: bool) -> Order:
    """The order of these migrations: linear if that is said, or if each requires the one before it."""
    requires: dict[str, frozenset[str]] = {}
    for each in migrations:
        direct = requires if is_linear else each.requires
        requires[each.version] = frozenset(direct).union(*(requires[version] for version in direct))
    lengths = [len(each) for each in requires.values()]
    return Order(requires=requires, is_linear=lengths == list(range(len(lengths))))
