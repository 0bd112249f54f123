"""What is new and what is resolved since the previous audit, as sentences."""

from collections.abc import Iterable, Iterator, Sequence

from pgfleet.documents.audit_context import FindingEntry, TrendEntry
from pgfleet.documents.findings import MigrationStatus
from pgfleet.hidden_characters import show_hidden
from pgfleet.judge.findings import CONTRACT, MIGRATION, TENANT
from pgfleet.reports.phrases.dates import Dates
from pgfleet.reports.phrases.migration_runs import fold_versions
from pgfleet.wording import group_names, listed

MOST_LINES = 10
MOST_CONSUMERS = 3
FIRST_AUDIT = "No earlier audit of this manifest was found to compare with."
NOT_JUDGED_BEFORE = "not inspected by that audit, may be older"


def headline(since: TrendEntry, dates: Dates) -> str:
    """`Since the audit of 2026-11-24 02:00: 2 new, 3 persisting, 1 resolved`."""
    parts = [f"{len(since.new)} new", f"{since.persisting} persisting", f"{len(since.resolved)} resolved"]
    if since.not_judged:
        parts.append(f"{since.not_judged} not inspected now")
    return f"Since the audit of {dates.moment(since.previous_finished_at)}: {', '.join(parts)}"


def new_lines(since: TrendEntry, order: Sequence[str]) -> tuple[str, ...]:
    """`acme, borealis: index public.idx_a is missing`: one line for all tenants with the same finding.

    `order` are the manifest's versions: a tenant's migrations with the same finding are folded into runs.
    """
    found = ((each, "{} " + f"{_predicate(each)}{_consequence(each)}{_caveat(each)}") for each in since.new)
    return capped(_grouped(found, order))


def resolved_lines(since: TrendEntry, dates: Dates, order: Sequence[str]) -> tuple[str, ...]:
    """`acme: index public.idx_a is fixed (missing since 2026-11-24 02:00)`, grouped in the same way."""
    return capped(_grouped(((each, _resolved(each, dates)) for each in since.resolved), order))


def capped(lines: Iterable[str]) -> tuple[str, ...]:
    """At most MOST_LINES of them, and a last one with the number of the others."""
    kept = tuple(lines)
    more = (f"… and {len(kept) - MOST_LINES} more",) if len(kept) > MOST_LINES else ()
    return (*kept[:MOST_LINES], *more)


def _predicate(finding: FindingEntry) -> str:
    """What follows the name of the finding's subject."""
    if finding.kind == MIGRATION and finding.change == MigrationStatus.PENDING:
        return "not applied"
    if finding.kind == CONTRACT:
        message = " ".join((finding.message or "a statement would fail").split())
        return f"cannot run its statements: {message}"
    return f"{'now' if finding.kind == TENANT else 'is'} {finding.change}"


def _resolved(finding: FindingEntry, dates: Dates) -> str:
    was = f"({finding.change} since {dates.moment(finding.since)})"
    if finding.kind == TENANT:
        return f"could be inspected again {was}"
    if finding.kind == CONTRACT:
        return f"{{}} can run its statements again {was}"
    return f"{{}} {'applied' if finding.kind == MIGRATION else 'is fixed'} {was}"


def _consequence(finding: FindingEntry) -> str:
    return f", so {listed(finding.breaks, MOST_CONSUMERS)} cannot run" if finding.breaks else ""


def _caveat(finding: FindingEntry) -> str:
    return "" if finding.judged_before else f" ({NOT_JUDGED_BEFORE})"


def _subject(finding: FindingEntry) -> str:
    if finding.kind in {MIGRATION, CONTRACT}:
        return finding.identity
    return "" if finding.kind == TENANT else f"{finding.kind} {show_hidden(finding.identity)}"


def _grouped(found: Iterable[tuple[FindingEntry, str]], order: Sequence[str]) -> Iterator[str]:
    """Each sentence once, after the tenants that it is true of; `{}` in it is where the subject goes."""
    subjects: dict[tuple[str, str, str], list[str]] = {}
    for finding, text in found:
        own = "" if finding.kind == MIGRATION else _subject(finding)
        subjects.setdefault((finding.tenant, text, own), []).append(_subject(finding))
    texts = (
        (text.replace("{}", own or fold_versions(filter(None, versions), order), 1).strip(), tenant)
        for (tenant, text, own), versions in subjects.items()
    )
    return (f"{listed(names)}: {text}" for text, names in group_names(texts).items())
