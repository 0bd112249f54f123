"""What is new, what persists and what is resolved, in words."""

from collections.abc import Iterable, Iterator, Sequence

from pgfleet.documents.audit import MigrationStatus
from pgfleet.documents.audit_context import FindingEntry, TrendEntry
from pgfleet.judge.findings import CONTRACT, MIGRATION, TENANT
from pgfleet.reports.phrases.dates import Dates

MOST_LINES = 10
MOST_NAMES = 5
MOST_CONSUMERS = 3
NOT_JUDGED_BEFORE = "not judged by that audit, so it may be older"


def headline(since: TrendEntry, dates: Dates) -> str:
    """`Since the audit of 2026-11-24 02:00: 2 new, 3 persisting, 1 resolved`."""
    parts = [f"{len(since.new)} new", f"{since.persisting} persisting", f"{len(since.resolved)} resolved"]
    if since.not_judged:
        parts.append(f"{since.not_judged} not judged now")
    return f"Since the audit of {dates.moment(since.previous_finished_at)}: {', '.join(parts)}"


def new_lines(since: TrendEntry) -> tuple[str, ...]:
    """`acme, borealis: index public.idx_a is missing`, a line for all tenants of which the same is said."""
    return capped(_alike((each, f"{predicate(each)}{_consequence(each)}{_caveat(each)}") for each in since.new))


def resolved_lines(since: TrendEntry, dates: Dates) -> tuple[str, ...]:
    """`acme: index public.idx_a is right again (missing since 2026-11-24 02:00)`, as above."""
    return capped(_alike((each, _again(each, dates)) for each in since.resolved))


def predicate(finding: FindingEntry) -> str:
    """What is the matter, after the tenant's name."""
    if finding.kind == TENANT:
        return f"is {finding.change}"
    if finding.kind == MIGRATION:
        never = finding.change == MigrationStatus.PENDING
        return f"{finding.identity} {'was never applied' if never else f'is {finding.change}'}"
    if finding.kind == CONTRACT:
        said = " ".join((finding.message or "a statement would not work").split())
        return f"cannot run {finding.identity}: {said}"
    return f"{finding.kind} {finding.identity} is {finding.change}"


def listed(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """`acme, borealis and 12 more`."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def _again(finding: FindingEntry, dates: Dates) -> str:
    was = f"({finding.change} since {dates.moment(finding.since)})"
    if finding.kind == TENANT:
        return f"can be judged again {was}"
    if finding.kind == CONTRACT:
        return f"{finding.identity} can run its statements again {was}"
    what = finding.identity if finding.kind == MIGRATION else f"{finding.kind} {finding.identity}"
    return f"{what} is right again {was}"


def _consequence(finding: FindingEntry) -> str:
    return f", so {listed(finding.breaks, MOST_CONSUMERS)} cannot run" if finding.breaks else ""


def _caveat(finding: FindingEntry) -> str:
    return "" if finding.judged_before else f" ({NOT_JUDGED_BEFORE})"


def _alike(said: Iterable[tuple[FindingEntry, str]]) -> Iterator[str]:
    groups: dict[str, list[str]] = {}
    for finding, text in said:
        groups.setdefault(text, []).append(finding.tenant)
    for text, tenants in groups.items():
        yield f"{listed(tenants)}: {text}"


def capped(lines: Iterable[str]) -> tuple[str, ...]:
    """At most MOST_LINES of them, and a last one that says how many were left out."""
    kept = tuple(lines)
    more = (f"… and {len(kept) - MOST_LINES} more",) if len(kept) > MOST_LINES else ()
    return (*kept[:MOST_LINES], *more)
