"""A view as markdown: sections in full, sections within them as nested lists. All text is escaped."""

from collections.abc import Iterable, Iterator

from pgfleet.reports.blocks import (
    Block,
    Code,
    Contrast,
    Lines,
    Paragraph,
    Section,
    Table,
    Tenants,
    Tone,
    View,
    cell_text,
)
from pgfleet.reports.markup import NO_LINKS, Links, bullets, code, escaped
from pgfleet.reports.render.outline import Line, outline, title_of
from pgfleet.wording import listed


def render(view: View, links: Links = NO_LINKS, *, title_level: int = 1) -> str:
    """The complete page: its outcome in the title, the facts last. `links` are the addresses of tenants' pages.

    `title_level` is 1 for a page of its own, and more within a form, where large headings are cut off.
    """
    title = f"{view.title}: {view.summary}" if view.summary else view.title
    facts = " · ".join(f"{name} {value}" for name, value in view.facts)
    blocks = (*view.opening, *view.details, *view.closing)
    body = render_blocks(blocks, links, title_level + 1)
    lines = [f"{'#' * title_level} {escaped(title)}", "", *body, *links.back, escaped(facts), ""]
    return "\n".join(lines)


def render_blocks(blocks: Iterable[Block], links: Links = NO_LINKS, level: int = 2) -> Iterator[str]:
    """The lines of the blocks, an empty one after each block; sections have headings of this level."""
    for block in blocks:
        if isinstance(block, Section):
            yield from (f"{'#' * level} {_titled(block, links)}", "")
            yield from _section(block.blocks, links)
        else:
            yield from _block(block, links)


def _section(blocks: Iterable[Block], links: Links) -> Iterator[str]:
    nested = [*blocks]
    while nested:
        block = nested.pop(0)
        if not isinstance(block, Section):
            yield from _block(block, links)
            continue
        yield from (_line(each, links) for each in outline([block]))
        if not (nested and isinstance(nested[0], Section)):
            yield ""


def _block(block: Block, links: Links) -> Iterator[str]:
    match block:
        case Paragraph(text=text, tone=tone):
            yield from (escaped(text) if tone is Tone.BAD else _sentence(text), "")
        case Lines(title=title, lines=lines) if title:
            yield from bullets(title, lines)
        case Lines(lines=lines):
            yield from (*(f"- {escaped(each)}" for each in lines), "")
        case Tenants(title=title, names=names, most=most):
            shown = listed([links.tenant(each) for each in names], most)
            yield from (f"**{escaped(title)}:** {shown}", "")
        case Code(title=title, text=text, hazards=hazards, language=language):
            risks = f" ({escaped(', '.join(hazards))})" if hazards else ""
            yield from (f"{escaped(title)}{risks}:", "", code(text, language), "")
        case Contrast():
            yield from _contrast(block)
        case Table():
            yield from _table(block)


def _contrast(block: Contrast) -> Iterator[str]:
    tags = f" ({escaped(', '.join(block.tags))})" if block.tags else ""
    yield from (f"**{escaped(block.title)}**{tags}", "")
    if block.expected:
        yield from ("Expected:", "", code(block.expected), "")
    if block.actual:
        yield from ("Found:", "", code(block.actual), "")


def _table(table: Table) -> Iterator[str]:
    if table.title:
        yield from (f"**{escaped(table.title)}**", "")
    width = max((len(row) for row in table.rows), default=len(table.head))
    rule = "--:" if table.is_numeric else "---"
    yield _row(table.head or ("",) * width)
    yield _row(("---", *[rule] * (width - 1)), is_rule=True)
    yield from (_row(map(cell_text, row)) for row in table.rows)
    yield ""


def _row(cells: Iterable[str], *, is_rule: bool = False) -> str:
    return f"| {' | '.join(each if is_rule else escaped(each) for each in cells)} |"


def _line(line: Line, links: Links) -> str:
    indent = "  " * line.depth
    if line.section is None:
        return f"{indent}- {'→ ' if line.tone is Tone.REMEDY else ''}{escaped(line.text)}"
    return f"{indent}- {_titled(line.section, links, mark='**')}" + (f": {escaped(line.text)}" if line.text else "")


def _titled(section: Section, links: Links, mark: str = "") -> str:
    name = links.tenant(section.title) if section.is_tenant else escaped(section.title)
    return f"{mark}{name}{mark}{_rest(section)}"


def _rest(section: Section) -> str:
    rest = title_of(section)
    return f" {escaped(rest)}" if rest.startswith(" ") else escaped(rest)


def _sentence(text: str) -> str:
    text = escaped(text[:1].upper() + text[1:])
    return text if text.endswith((".", "?", "!", "…", ":")) else f"{text}."
