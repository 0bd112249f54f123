"""Blocks as indented lines: the short form of a report, for a terminal, for lists in markdown, and for JUnit."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pgfleet.hidden_characters import one_line_of_sql
from pgfleet.reports.blocks import Block, Code, Contrast, Lines, Paragraph, Section, Table, Tenants, Tone, cell_text
from pgfleet.wording import listed, shortened

MOST_LINES = 20
MOST_CHARACTERS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: `section` is the one that it is the title of, `text` is what follows that title."""

    depth: int
    text: str
    tone: Tone = Tone.PLAIN
    section: Section | None = None


def outline(blocks: Iterable[Block], depth: int = 0) -> Iterator[Line]:
    """The lines of the blocks. A section that comes to a single line is one line with its title."""
    for block in blocks:
        if isinstance(block, Section):
            lines = list(outline(block.blocks, depth + 1))
            is_one = len(lines) == 1 and lines[0].section is None and lines[0].tone is not Tone.REMEDY
            named = _with_names(block)
            text = lines[0].text if is_one and named is block else ""
            yield Line(depth=depth, text=text, tone=block.tone, section=named)
            yield from () if is_one else lines
        else:
            yield from _lines(block, depth)


def _with_names(section: Section) -> Section:
    """If it contains only tenants, with them in parentheses, because its title often contains a colon.

    `apply 3; adopt 1, 2 (1 tenant: cobalt)`
    """
    match section:
        case Section(blocks=(Tenants(title=title, names=names, most=most),), aside=""):
            return replace(section, aside=f"{title}: {listed(names, most)}")
    return section


def title_of(section: Section) -> str:
    """What follows a section's title: `: drifted (P0, since 2026-11-24 02:00)`."""
    word = f": {section.status.word}" if section.status else ""
    return word + (f" ({section.aside})" if section.aside else "")


def _lines(block: Block, depth: int) -> Iterator[Line]:
    match block:
        case Paragraph(text=text, tone=tone):
            yield Line(depth=depth, text=_one_line(text), tone=tone)
        case Lines(title=title, lines=lines, tone=tone):
            yield from _list(title, lines, tone, depth)
        case Tenants(title=title, names=names, most=most):
            yield Line(depth=depth, text=f"{title}: {listed(names, most)}")
        case Code(title=title, text=text, hazards=hazards, in_full=True, language=language):
            yield Line(depth=depth, text=title + (f" ({', '.join(hazards)}):" if hazards else ":"))
            is_command = len(text.split("\n")) == 1 and language != "sql"
            tone = Tone.REMEDY if is_command else Tone.SCRIPT
            yield from (Line(depth=depth + 1, text=each, tone=tone) for each in text.split("\n"))
        case Code(text=text, hazards=hazards):
            shown = shortened(one_line_of_sql(text), MOST_CHARACTERS)
            yield Line(depth=depth, text=shown + (f" ({', '.join(hazards)})" if hazards else ""), tone=Tone.REMEDY)
        case Contrast(summary=summary, tags=tags):
            yield Line(depth=depth, text=summary + (f" ({', '.join(tags)})" if tags else ""))
        case Table(title=title, rows=cells):
            texts = (" · ".join(map(cell_text, row)) for row in cells)
            yield from _list(title, tuple(texts), Tone.PLAIN, depth)


def _list(title: str, lines: tuple[str, ...], tone: Tone, depth: int) -> Iterator[Line]:
    """A single line follows its title; of many, the first MOST_LINES."""
    if title and len(lines) == 1:
        yield Line(depth=depth, text=f"{title}: {_one_line(lines[0])}", tone=tone)
        return
    if title:
        yield Line(depth=depth, text=f"{title}:", tone=tone)
    below = depth + 1 if title else depth
    yield from (Line(depth=below, text=_one_line(each), tone=tone) for each in lines[:MOST_LINES])
    if len(lines) > MOST_LINES:
        yield Line(depth=below, text=f"… and {len(lines) - MOST_LINES} more", tone=Tone.QUIET)


def _one_line(text: str) -> str:
    return " ".join(text.split())
