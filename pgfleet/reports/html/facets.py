"""What the map of a page is made of: its columns and rows, and what they can be chosen by."""

from collections.abc import Iterable
from dataclasses import dataclass

from pgfleet.reports.html.status_style import Part, StatusStyle


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """Tenants of one verdict or result, by which they can be chosen."""

    look: StatusStyle
    word: str
    number: int
    means: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Legend:
    """What a cell of the map means."""

    look: StatusStyle
    word: str
    means: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A migration, and a bar of what became of it in the fleet; `provides` is what there is to say of it besides."""

    version: str
    file: str
    priority: str
    provides: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A tenant: its cells are as many as there are columns, and `said` is the one line about it.

    `since` tells when the oldest of its findings was first seen; where `has_new` some are new, whatever the oldest is.
    """

    name: str
    ring: str
    look: StatusStyle
    word: str
    cells: tuple[tuple[StatusStyle, str], ...]
    said: str
    variant: str = ""
    since: str = ""
    has_new: bool = False


def choices(found: Iterable[str | None]) -> tuple[str, ...]:
    """Each that there is, once, in alphabetical order."""
    return tuple(sorted({each for each in found if each}))
