"""Words for numbers, lists, and similar names."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import TypeVar

MOST_NAMES = 5
CUTOFF = 0.65
"""Of difflib's measure: `dns` is similar to `dsn` (0.67); `port` is not similar to `pooler` (0.6, the default)."""
Key = TypeVar("Key", bound=Hashable)


def plural(number: int, noun: str) -> str:
    """`1 migration`, `2 migrations`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def listed(names: Sequence[str], most: int = MOST_NAMES, separator: str = ", ") -> str:
    """`acme, borealis and 12 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return separator.join(names[:most]) + more


def shortened(text: str, most: int) -> str:
    """The text, or its beginning with an ellipsis, of at most this many characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def group_names(found: Iterable[tuple[Key, str]]) -> Mapping[Key, tuple[str, ...]]:
    """The names found with each key, without repetition."""
    groups: dict[Key, dict[str, None]] = {}
    for key, name in found:
        groups.setdefault(key, {})[name] = None
    return {key: tuple(names) for key, names in groups.items()}


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'acme'?`, or nothing if no known name is similar."""
    similar = get_close_matches(name, list(dict.fromkeys(known)), cutoff=CUTOFF)
    return f"; did you mean {' or '.join(f'{each!r}' for each in similar)}?" if similar else ""
