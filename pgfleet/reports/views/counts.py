"""Rows of the counted tables: before and after a rollout, and of a fleet."""

from collections.abc import Iterable, Iterator, Sequence

from pgfleet.documents.counts import CountDocument, TenantCounts
from pgfleet.documents.rollout import CountPair, RolloutDocument
from pgfleet.judge.summary import tenant_count
from pgfleet.reports.blocks import MOST_TENANTS, Block, Paragraph, Section, Status, StatusStyle, Table, Tone, View
from pgfleet.reports.issues import Issue
from pgfleet.reports.phrases.context import skipped_sentence
from pgfleet.reports.phrases.counts import (
    FEWER,
    MARKS,
    MORE,
    SAME,
    UNCERTAIN,
    count_rank,
    gain_text,
    pair_texts,
    rows_text,
)
from pgfleet.reports.rows import TableRow, table_rows
from pgfleet.reports.views.issues import issue_section
from pgfleet.wording import group_names, plural

STYLE = {FEWER: StatusStyle.BAD, UNCERTAIN: StatusStyle.BAD, MORE: StatusStyle.DONE, SAME: StatusStyle.NONE}
MOST_COLUMNS = 5
NO_TABLES = "The manifest lists no tables to count ([[counts]])."
HEAD = ("tenant", "table", "before", "after", "difference")


def counts_view(document: CountDocument) -> View:
    """Tenants by counted tables; those that could not be counted come first."""
    tables = _tables(document)
    ordered = _uncounted_first(document)
    faults = group_names((each.reason, each.name) for each in ordered if each.reason)
    issues = [Issue(title=reason, tenants=names) for reason, names in faults.items()]
    uncounted = f", {document.summary['uncounted']} not counted" if issues else ""
    seconds = (document.finished_at - document.started_at).total_seconds()
    return View(
        title=f"Counts of {document.environment}",
        summary=f"{tenant_count(document.summary['tenants'])}: {document.summary['counted']} counted{uncounted}",
        facts=(("took", f"{seconds:.1f} s"), ("run", document.run_id)),
        opening=(_table(ordered[:MOST_TENANTS], tables),) if tables or issues else (Paragraph(text=NO_TABLES),),
        details=(
            *_left_out(len(ordered)),
            *_marks(text for each in ordered for text in _texts(each, tables)),
            *issue_section("Could not be counted", issues, Tone.BAD),
        ),
        closing=tuple(Paragraph(text=skipped_sentence(document.skipped)) for _ in document.skipped[:1]),
    )


def fleet_count_rows(document: CountDocument) -> list[TableRow]:
    """A row per tenant, a column per table: first those that could not be counted."""
    tables = _tables(document)
    rows = ((each.name, each.ring, *_texts(each, tables), each.reason or "") for each in _uncounted_first(document))
    return table_rows(("tenant", "ring", *tables, "reason"), rows)


def count_section(document: RolloutDocument) -> Iterator[Section]:
    """The counts that changed in a rollout, lost rows first, and how many did not change."""
    pairs = _worst_first(document)
    changed = [(name, pair) for name, pair in pairs if count_rank(pair) != SAME]
    rows = tuple(
        (name, pair.table, *pair_texts(pair), Status(STYLE[count_rank(pair)], gain_text(pair)))
        for name, pair in changed[:MOST_TENANTS]
    )
    blocks: list[Block] = [Table(head=HEAD, rows=rows)] if rows else []
    blocks += _left_out(len(changed))
    blocks += _marks(text for _, pair in changed for text in pair_texts(pair))
    if same := len(pairs) - len(changed):
        blocks.append(Paragraph(text=f"{plural(same, 'other count' if changed else 'count')} unchanged"))
    if pairs:
        yield Section(title="Rows before and after", blocks=tuple(blocks))


def count_rows_of(document: RolloutDocument) -> list[TableRow]:
    """A row per tenant and counted table: lost rows first, then unknown, then the rest."""
    found = _worst_first(document)
    return table_rows(HEAD, ((name, pair.table, *pair_texts(pair), gain_text(pair)) for name, pair in found))


def _worst_first(document: RolloutDocument) -> list[tuple[str, CountPair]]:
    pairs = ((tenant.name, pair) for tenant in document.tenants for pair in tenant.counts)
    return sorted(pairs, key=lambda item: (count_rank(item[1]), item[0]))


def _uncounted_first(document: CountDocument) -> list[TenantCounts]:
    return sorted(document.tenants, key=lambda each: each.reason is None)


def _tables(document: CountDocument) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.table for tenant in document.tenants for each in tenant.counts or ()))


def _texts(tenant: TenantCounts, tables: Sequence[str]) -> tuple[str, ...]:
    """A tenant's rows of each table."""
    found = {each.table: each for each in tenant.counts or () if each.rows is not None or tenant.reason is None}
    return tuple(rows_text(found.get(table)) for table in tables)


def _table(tenants: Sequence[TenantCounts], tables: Sequence[str]) -> Table:
    """A column per table, or with many of them a row per tenant and table."""
    if len(tables) <= MOST_COLUMNS:
        rows = tuple((each.name, *_texts(each, tables)) for each in tenants)
        return Table(head=("tenant", *tables), rows=rows, is_numeric=True)
    pairs = ((each.name, pair) for each in tenants for pair in zip(tables, _texts(each, tables), strict=True))
    return Table(head=("tenant", "table", "rows"), rows=tuple((name, *pair) for name, pair in pairs))


def _left_out(number: int) -> Iterator[Block]:
    if number > MOST_TENANTS:
        yield Paragraph(text=f"… and {number - MOST_TENANTS} more, none worse", tone=Tone.QUIET)


def _marks(texts: Iterable[str]) -> Iterator[Block]:
    """What the signs in place of a number, or before one, mean."""
    used = {each[0] for each in texts}
    found = [f"{mark} {meaning}" for mark, meaning in MARKS.items() if mark in used]
    if found:
        yield Paragraph(text=" · ".join(found), tone=Tone.QUIET)
