"""Lists of names, and tenants with the same thing to report."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

MOST_NAMES = 5
Key = TypeVar("Key", bound=Hashable)


def group_names(found: Iterable[tuple[Key, str]]) -> Mapping[Key, tuple[str, ...]]:
    """The names found with each key, without repetition."""
    groups: dict[Key, dict[str, None]] = {}
    for key, name in found:
        groups.setdefault(key, {})[name] = None
    return {key: tuple(names) for key, names in groups.items()}


def listed(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """`acme, borealis and 12 more`."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"
