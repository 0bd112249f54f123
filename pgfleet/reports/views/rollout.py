"""A rollout, a seeding, or a dry run of either: rings, tenants by migrations, and every issue."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pgfleet.documents.ring import RingEntry, RingOutcome
from pgfleet.documents.rollout import Result, RolloutDocument
from pgfleet.judge.summary import format_summary
from pgfleet.manifest.model import Manifest
from pgfleet.reports.blocks import Block, Lines, Paragraph, Section, Status, StatusStyle, Table, Tone, View, section
from pgfleet.reports.issues import NOT_EXERCISED, NOT_REACHED, REMAINING, ROLLED_BACK, applied_seeds, issues_of
from pgfleet.reports.phrases.context import skipped_sentence
from pgfleet.reports.phrases.dates import Dates
from pgfleet.reports.phrases.rollout import (
    DRY_RUN_NOTICE,
    REASON_UNKNOWN,
    duration_text,
    findings_text,
    is_unread,
    result_sentence,
    ring_facts,
    ring_sentence,
    step_word,
)
from pgfleet.reports.rows import TableRow, table_rows
from pgfleet.reports.views.counts import count_section
from pgfleet.reports.views.issues import issue_section, issue_sections
from pgfleet.reports.views.plan import tally_lines
from pgfleet.reports.views.rollout_matrix import matrix
from pgfleet.rollout.summary import RolloutOutcome, has_remaining_drift, worst_first

RING = {
    RingOutcome.COMPLETED: StatusStyle.DONE,
    RingOutcome.HALTED: StatusStyle.BAD,
    RingOutcome.NOT_REACHED: StatusStyle.PENDING,
}
DIGEST_SHOWN = 12
ASTRAY = frozenset({Result.FAILED, Result.UNREACHABLE, Result.NOT_REACHED, Result.PARTLY_EXERCISED})
"""The results of tenants that did not go as planned."""
QUIET = frozenset({NOT_REACHED, ROLLED_BACK, NOT_EXERCISED})
"""Headings of issues that are no faults."""


def rollout_view(document: RolloutDocument, manifest: Manifest, timezone: str = "UTC") -> View:
    """The entire report; of a refused rollout only why it was refused."""
    is_refused = document.outcome == RolloutOutcome.REFUSED
    rings = () if is_refused else (*_ring_table(document.rings), *_ring_notes(document.rings))
    return View(
        title=f"{document.what.capitalize()} of {document.environment}",
        summary="; ".join((f"{document.outcome}: {format_summary(document.summary)}", *_findings(document))),
        facts=_facts(document, Dates(timezone=timezone)),
        opening=(*notices(document), *rings),
        matrix=None if is_refused else matrix(document, manifest),
        details=() if is_refused else (*_tallies(document, manifest), *work(document), *issues(document, manifest)),
    )


def view_below_plan(document: RolloutDocument, manifest: Manifest, timezone: str = "UTC") -> View:
    """The report without what the plan above it contains: skipped tenants, remaining drift, and expected results.

    Of a dry run that went as planned, it says no more than that.
    """
    view = rollout_view(document, manifest, timezone)
    if document.outcome == RolloutOutcome.REFUSED:
        return view
    begun = tuple(each for each in document.tenants if not each.obstacle)
    astray = tuple(each for each in begun if each.result in ASTRAY)
    found = issues_of(begun, manifest.files, document.rings)
    new = {heading: issues for heading, issues in found.items() if heading != REMAINING}
    is_as_planned = document.dry_run and not astray
    rings = () if is_as_planned else (*_ring_table(document.rings), *_ring_notes(document.rings, with_findings=False))
    done = [each for each in work(document) if not is_as_planned or any(isinstance(one, Table) for one in each.blocks)]
    return replace(
        view,
        opening=(*notices(document), *rings),
        matrix=matrix(document.model_copy(update={"tenants": astray}), manifest) if astray else None,
        details=(*done, *issue_sections(new, QUIET)),
    )


def _findings(document: RolloutDocument) -> Iterator[str]:
    if found := sum(map(has_remaining_drift, document.tenants)):
        yield findings_text(found)


def notices(document: RolloutDocument) -> Iterator[Block]:
    """Why nothing was done, that it was a dry run, who was skipped."""
    if document.outcome == RolloutOutcome.REFUSED:
        yield Paragraph(text=f"Nothing was done: {document.reason or REASON_UNKNOWN}")
    elif document.dry_run:
        yield Paragraph(text=DRY_RUN_NOTICE)
    if document.skipped:
        yield Paragraph(text=skipped_sentence(document.skipped))


def work(document: RolloutDocument) -> Iterator[Section]:
    """Applied seeds, and rows before and after."""
    yield from issue_section("Seeds", tuple(applied_seeds(document.tenants)))
    yield from count_section(document)


def issues(document: RolloutDocument, manifest: Manifest) -> Iterator[Section]:
    """Everything that failed or was omitted."""
    yield from issue_sections(issues_of(document.tenants, manifest.files, document.rings), QUIET)


def ring_status(outcome: RingOutcome) -> Status:
    """The status of a ring with that outcome."""
    return Status(RING[outcome], outcome.replace("_", " "))


def rollout_rows(document: RolloutDocument) -> list[TableRow]:
    """A row per tenant, worst first."""
    order = document.manifest.migrations
    rows = (
        (each.name, each.result.replace("_", " "), result_sentence(each, order), each.ring)
        for each in worst_first(document.tenants)
    )
    return table_rows(("tenant", "result", "details", "ring"), rows)


def watch_rows(ring: RingEntry) -> list[TableRow]:
    """A row per tenant and watched table: first findings, then what could not be read."""
    found = [("yes" if each.is_finding else "unknown" if is_unread(each) else "no", each) for each in ring.watch]
    rows = (
        (each.tenant, ring.name, f"{each.watch} ({each.table})", answer, each.detail)
        for answer, each in sorted(found, key=lambda item: ("yes", "unknown", "no").index(item[0]))
    )
    return table_rows(("tenant", "ring", "watched", "finding", "details"), rows)


def _facts(document: RolloutDocument, dates: Dates) -> tuple[tuple[str, str], ...]:
    seconds = (document.finished_at - document.started_at).total_seconds()
    return (
        ("finished", f"{dates.moment(document.finished_at)} {dates.timezone}"),
        ("took", duration_text(seconds * 1_000)),
        ("plan", document.plan_digest[:DIGEST_SHOWN]),
        ("manifest", document.manifest.checksum[:DIGEST_SHOWN]),
        ("run", document.run_id),
    )


def _ring_table(rings: Sequence[RingEntry]) -> Iterator[Block]:
    """The rings with their outcomes."""
    facts = [ring_facts(each) for each in rings]
    names = [name for name in (facts[0] if facts else ()) if any(each[name] for each in facts)]
    rows: Iterator[tuple[str | Status, ...]] = (
        (ring.name, ring_status(ring.outcome), *(found[name] for name in names))
        for ring, found in zip(rings, facts, strict=True)
    )
    if rings:
        yield Table(head=("ring", "outcome", *names), rows=tuple(rows))


def _ring_notes(rings: Sequence[RingEntry], *, with_findings: bool = True) -> Iterator[Block]:
    """Why a ring halted, and in how many of its tenants findings remain."""
    noted = (each for each in rings if each.reason or (with_findings and each.findings))
    yield from (Paragraph(text=ring_sentence(each), tone=Tone.BAD) for each in noted)


def _tallies(document: RolloutDocument, manifest: Manifest) -> Iterator[Section]:
    """In how many tenants each migration was applied, failed, and so on."""
    tallies: dict[str, Counter[str]] = {}
    for step in (each for tenant in document.tenants for each in tenant.migrations):
        tallies.setdefault(step.version, Counter())[step_word(step)] += 1
    if len(document.tenants) > 1:
        yield from section("Tenants per migration", Lines(lines=tuple(tally_lines(tallies, manifest.files))))
