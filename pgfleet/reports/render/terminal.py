"""A view as a person reads it at a terminal."""

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from pgfleet.reports.blocks import Block, Section, Status, StatusStyle, Table, Tone, View
from pgfleet.reports.render.matrix import MatrixTable
from pgfleet.reports.render.outline import Line, outline, title_of
from pgfleet.reports.render.plain_text import plain_text

STYLE = {
    StatusStyle.GOOD: "green",
    StatusStyle.DONE: "green",
    StatusStyle.BAD: "red",
    StatusStyle.PARTLY: "yellow",
    StatusStyle.PENDING: "yellow",
    StatusStyle.DOUBTFUL: "magenta",
    StatusStyle.AWAY: "magenta",
    StatusStyle.KNOWN: "dim",
    StatusStyle.NONE: "dim",
}
TONE = {
    Tone.PLAIN: "",
    Tone.BAD: "red",
    Tone.GOOD: "green",
    Tone.REMEDY: "cyan",
    Tone.SCRIPT: "cyan",
    Tone.QUIET: "dim",
}
INDENT = 2


def render(view: View) -> RenderableType:
    """The view, with its outcome last, where the prompt appears."""
    groups = [*_groups(view.opening)]
    groups += [[MatrixTable(view.matrix, STYLE)]] if view.matrix and view.matrix.rows else []
    groups += [*_groups(view.details), *_groups(view.closing)]
    facts = " · ".join((view.title, *(f"{name} {value}" for name, value in view.facts)))
    groups.append([plain_text(view.summary, "bold"), plain_text(facts, "dim")])
    return Group(*_spaced(groups))


def render_blocks(blocks: Iterable[Block]) -> RenderableType:
    """Blocks alone, an empty line between sections."""
    return Group(*_spaced(_groups(blocks)))


def _spaced(groups: Iterable[list[RenderableType]]) -> Iterator[RenderableType]:
    for place, group in enumerate(groups):
        if place:
            yield Text()
        yield from group


def _groups(blocks: Iterable[Block]) -> Iterator[list[RenderableType]]:
    """Blocks without an empty line between them: a section with its blocks, a table, and lines outside sections."""
    loose: list[RenderableType] = []
    for block in blocks:
        if isinstance(block, Section | Table):
            if loose:
                yield loose
            loose = []
            yield list(_top(block))
        else:
            loose += map(_line, outline([block]))
    if loose:
        yield loose


def _top(block: Section | Table) -> Iterator[RenderableType]:
    if isinstance(block, Table):
        yield _table(block)
        return
    yield _titled(block, "bold")
    for inner in block.blocks:
        if isinstance(inner, Table):
            yield Padding(_table(inner), (0, 0, 0, INDENT), expand=False)
        else:
            yield from map(_line, outline([inner], 1))


def _line(line: Line) -> RenderableType:
    if line.section:
        text = _titled(line.section, "bold" if line.section.is_tenant else TONE[line.tone])
        shown = Text.assemble(text, ": ", plain_text(line.text)) if line.text else text
    else:
        arrow = "→ " if line.tone is Tone.REMEDY else ""
        shown = plain_text(f"{arrow}{line.text}", TONE[line.tone])
    return Padding(shown, (0, 0, 0, INDENT * line.depth), expand=False)


def _titled(section: Section, style: str) -> Text:
    rest = plain_text(title_of(section), STYLE[section.status.style] if section.status else "")
    return Text.assemble(plain_text(section.title, style), rest)


def _table(table: Table) -> RichTable:
    drawn = RichTable(box=None, pad_edge=False, header_style="bold", show_header=bool(table.head))
    width = len(table.head) or max((len(row) for row in table.rows), default=0)
    for place in range(width):
        title = plain_text(table.head[place]) if table.head else ""
        drawn.add_column(title, overflow="fold", justify="right" if place and table.is_numeric else "left")
    for row in table.rows:
        drawn.add_row(*map(_cell, row))
    return drawn


def _cell(cell: str | Status) -> Text:
    return plain_text(cell) if isinstance(cell, str) else plain_text(cell.word, STYLE[cell.style])
