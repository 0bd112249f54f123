"""What a person at a terminal reads before and after the tenants: what is new, who is alike, what is known."""

from collections.abc import Iterable, Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from pgfleet.documents.audit import AuditDocument
from pgfleet.judge.summary import tenant_count
from pgfleet.judge.variants import AS_EXPECTED
from pgfleet.reports.phrases.acceptances import acceptance_lines
from pgfleet.reports.phrases.dates import Dates
from pgfleet.reports.phrases.row_losses import loss_lines
from pgfleet.reports.phrases.trend import capped, headline, new_lines, resolved_lines
from pgfleet.reports.phrases.variants import is_worth_telling, variant_line

MOST_LINES = 20


def opening(document: AuditDocument, dates: Dates) -> Iterator[RenderableType]:
    """What is new and what is resolved since the previous audit, and which rows were lost; nothing without one."""
    if document.since:
        yield Text(headline(document.since, dates), style="bold")
        yield from _lines((f"new: {each}" for each in new_lines(document.since)), "red")
        yield from _lines((f"resolved: {each}" for each in resolved_lines(document.since, dates)), "green")
        yield from _lines((f"rows lost: {each}" for each in capped(loss_lines(document.tenants))), "red")
        yield Text()


def leading_variants(document: AuditDocument) -> Iterator[RenderableType]:
    """The tenants grouped by what differs, before all else."""
    if document.variants:
        yield from _variants(document)
        yield Text()


def closing(document: AuditDocument, *, is_large: bool) -> Iterator[RenderableType]:
    """Who is alike, unless a large fleet's report has begun with that, and what has become of each acceptance."""
    if not is_large and is_worth_telling(document.variants):
        yield Text()
        yield from _variants(document)
    if document.accepted:
        yield Text()
        yield Text("Accepted in the fleet file", style="bold")
        yield from _lines(acceptance_lines(document.accepted))


def indented(text: Text, spaces: int = 2) -> Padding:
    """The text as a block of its own."""
    return Padding(text, (0, 0, 0, spaces), expand=False)


def _variants(document: AuditDocument) -> Iterator[RenderableType]:
    expected = sum(len(each.tenants) for each in document.variants if each.expected)
    others = [each for each in document.variants if not each.expected]
    yield Text("Tenants that are alike", style="bold")
    yield from _lines((f"{tenant_count(expected)} {AS_EXPECTED}", *map(variant_line, others)))


def _lines(lines: Iterable[str], style: str = "") -> Iterator[RenderableType]:
    """At most MOST_LINES of them, and how many were left out."""
    kept = tuple(lines)
    for line in kept[:MOST_LINES]:
        yield indented(Text(line, style=style))
    if len(kept) > MOST_LINES:
        yield indented(Text(f"… and {len(kept) - MOST_LINES} more", style="dim"))
