"""Tenants with the same thing to report."""

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def group_names(found: Iterable[tuple[Key, str]]) -> Mapping[Key, tuple[str, ...]]:
    """The names found with each key, without repetition."""
    groups: dict[Key, dict[str, None]] = {}
    for key, name in found:
        groups.setdefault(key, {})[name] = None
    return {key: tuple(names) for key, names in groups.items()}
