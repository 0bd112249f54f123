"""The neutral parts of a report: a view is made of these, and each renderer shows every kind in its own medium."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pgfleet.wording import MOST_NAMES

MOST_TENANTS = 50
"""How many tenants a report shows one by one."""


class StatusStyle(StrEnum):
    """How a status looks; one letter each, because a page has thousands of cells."""

    GOOD = "g"
    DONE = "d"
    BAD = "b"
    PARTLY = "p"
    PENDING = "t"
    DOUBTFUL = "q"
    AWAY = "u"
    KNOWN = "k"
    NONE = "n"


class Tone(StrEnum):
    """What kind of statement a text is."""

    PLAIN = ""
    BAD = "bad"
    GOOD = "good"
    REMEDY = "remedy"
    SCRIPT = "script"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Status:
    """A status with its word; `mark` and `short` replace the word in a terminal's matrix."""

    style: StatusStyle
    word: str
    mark: str = ""
    short: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of a report."""

    @property
    def kind(self) -> str:
        """What the page's templates and its script call it."""
        return type(self).__name__.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section(Block):
    """A title with blocks below it; the title may name a tenant. `anchors` are the migrations that it is about."""

    title: str
    blocks: tuple[Block, ...] = ()
    status: Status | None = None
    aside: str = ""
    anchors: tuple[str, ...] = ()
    is_tenant: bool = False
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph(Block):
    """One statement."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines(Block):
    """A list, usually with a title."""

    title: str = ""
    lines: tuple[str, ...]
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenants(Block):
    """At most this many tenants' names after a title; renderers link them where they can."""

    title: str
    names: tuple[str, ...]
    most: int = MOST_NAMES


@dataclass(frozen=True, slots=True, kw_only=True)
class Code(Block):
    """SQL or a command to copy; `hazards` are what the SQL does to a table in use. `in_full`: never shortened."""

    title: str
    text: str
    hazards: tuple[str, ...] = ()
    language: str = "sql"
    in_full: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast(Block):
    """One object that differs: `title` says so in full, `summary` adds both definitions where it must."""

    title: str
    summary: str
    tags: tuple[str, ...] = ()
    expected: str = ""
    actual: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Block):
    """A small table; the columns after the first are numbers if `is_numeric`."""

    title: str = ""
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str | Status, ...], ...]
    is_numeric: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A migration, as a column of the matrix."""

    version: str
    file: str
    priority: str
    provides: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A tenant in the matrix: one cell per column, and `summary`, the one line about it.

    `since` says when the oldest of its findings was first seen; with `has_new` some are new. `fix` are the commands
    that fix it, or a remark.
    """

    name: str
    ring: str
    status: Status
    cells: tuple[Status, ...]
    summary: str = ""
    variant: str = ""
    since: str = ""
    has_new: bool = False
    fix: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Tenants by migrations, worst first; `status_name` is the header of the tenants' status."""

    status_name: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A complete report: blocks before the matrix, after it, and at the end; `summary` is its outcome in one line."""

    title: str
    summary: str
    facts: tuple[tuple[str, str], ...]
    opening: tuple[Block, ...] = ()
    matrix: Matrix | None = None
    details: tuple[Block, ...] = ()
    closing: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A view as an HTML page: `statuses` of tenants and `legend` of cells, each with its meaning, worst first.

    `panels` are the details of the matrix's tenants, in its order: what the tenant's status means, and blocks.
    `timeline` is drawn before everything else (a rollout's rings); `column_title` heads what columns provide. `trends`
    are the numbers of tenants in the last audits, by the word of their status.
    """

    view: View
    outcome: Status
    statuses: tuple[tuple[Status, str], ...]
    legend: tuple[tuple[Status, str], ...]
    panels: tuple[tuple[str, tuple[Block, ...]], ...]
    summary_title: str = "what is wrong"
    column_title: str = "what it provides"
    timeline: tuple[object, ...] = ()
    trends: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def cell_text(cell: str | Status) -> str:
    """A table's cell as text."""
    return cell if isinstance(cell, str) else cell.word


def flatten(blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks in order, sections without theirs."""
    for block in blocks:
        if isinstance(block, Section):
            yield replace(block, blocks=())
            yield from flatten(block.blocks)
        else:
            yield block


def section(title: str, *blocks: Block) -> tuple[Section, ...]:
    """A section, or nothing if no block has content."""
    kept = tuple(each for each in blocks if getattr(each, "lines", True))
    return (Section(title=title, blocks=kept),) if kept else ()
