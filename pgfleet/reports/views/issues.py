"""Issues as sections of a report."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pgfleet.documents.findings import DifferenceEntry
from pgfleet.hidden_characters import show_hidden_in_sql
from pgfleet.judge.summary import tenant_count
from pgfleet.reports.blocks import MOST_TENANTS, Block, Contrast, Paragraph, Section, Tenants, Tone
from pgfleet.reports.issues import Issue
from pgfleet.reports.phrases.audit import named, predicate, sentence

MOST_DIFFERENCES = 10


def issue_sections(found: Mapping[str, Sequence[Issue]], quiet: Iterable[str] = ()) -> Iterator[Section]:
    """A section for each heading; those in `quiet` are no faults."""
    for heading, issues in found.items():
        yield from issue_section(heading, issues, Tone.PLAIN if heading in quiet else Tone.BAD)


def issue_section(heading: str, issues: Sequence[Issue], tone: Tone = Tone.PLAIN) -> tuple[Section, ...]:
    """The first MOST_TENANTS issues below their heading; nothing if there are none."""
    blocks: list[Block] = [
        Section(title=each.title, tone=tone, blocks=tuple(_blocks(each))) for each in issues[:MOST_TENANTS]
    ]
    if len(issues) > MOST_TENANTS:
        blocks.append(Paragraph(text=f"… and {len(issues) - MOST_TENANTS} more", tone=Tone.QUIET))
    return (Section(title=heading, blocks=tuple(blocks), tone=tone),) if blocks else ()


def contrast(difference: DifferenceEntry, tags: tuple[str, ...] = ()) -> Contrast:
    """One object with what it should be and what it is."""
    return Contrast(
        title=f"{named(difference)} {predicate(difference)}",
        summary=sentence(difference),
        tags=tags,
        expected=show_hidden_in_sql(difference.expected or ""),
        actual=show_hidden_in_sql(difference.actual or ""),
    )


def _blocks(issue: Issue) -> Iterator[Block]:
    yield from map(contrast, issue.differences[:MOST_DIFFERENCES])
    if len(issue.differences) > MOST_DIFFERENCES:
        yield Paragraph(text=f"… and {len(issue.differences) - MOST_DIFFERENCES} more", tone=Tone.QUIET)
    if issue.place:
        yield Paragraph(text=issue.place)
    if issue.tenants:
        yield Tenants(title=tenant_count(len(issue.tenants)), names=issue.tenants, most=issue.most_names)
    if issue.advice:
        yield Paragraph(text=issue.advice, tone=Tone.REMEDY)
