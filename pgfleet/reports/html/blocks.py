"""What the page tells of one tenant: blocks, which its script shows one below the other."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import ClassVar

from pgfleet.reports.html.status_style import StatusStyle


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of what is told; `kind` is how the script knows it."""

    kind: ClassVar[str]

    def data(self) -> dict[str, object]:
        """As JSON has it: what is empty is left out."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {"kind": self.kind, **{name: value for name, value in found.items() if value}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Section(Block):
    """The beginning of a section; `anchor` is the migration that it is about."""

    kind: ClassVar[str] = "section"
    title: str
    look: StatusStyle | None = None
    word: str = ""
    aside: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph(Block):
    """A sentence; `is_bad` says that it tells a fault."""

    kind: ClassVar[str] = "paragraph"
    text: str
    is_bad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines(Block):
    """A list under a title."""

    kind: ClassVar[str] = "lines"
    title: str
    lines: tuple[str, ...]
    is_bad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Code(Block):
    """A text to be copied."""

    kind: ClassVar[str] = "code"
    title: str
    text: str
    hazards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast(Block):
    """One object that differs: what it should be, and what it is. `tags` say what else is to be known of it."""

    kind: ClassVar[str] = "contrast"
    title: str
    tags: tuple[str, ...] = ()
    expected: str = ""
    actual: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks(Block):
    """A list of things, each with how it looks, a word for that, its name and what else there is to say."""

    kind: ClassVar[str] = "marks"
    title: str
    rows: tuple[tuple[StatusStyle, str, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures(Block):
    """A small table; the columns after the first are numbers where `is_numeric`."""

    kind: ClassVar[str] = "figures"
    title: str
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...]
    is_numeric: bool = False


def pooled(tenants: Iterable[Iterable[Block]]) -> tuple[list[Block], list[list[int]]]:
    """Each block once, and for each tenant the places of its own: most of a fleet is told the same."""
    places: dict[Block, int] = {}
    chosen = [[places.setdefault(block, len(places)) for block in blocks] for blocks in tenants]
    return list(places), chosen
