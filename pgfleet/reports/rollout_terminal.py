"""What a person at a terminal reads of what came of a rollout, and of counts."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.text import Text

from pgfleet.documents.rollout import (
    CountDocument,
    CountPair,
    MigrationStep,
    Result,
    RingOutcome,
    RolloutDocument,
    StepStatus,
    TenantResult,
)
from pgfleet.judge.summary import tenant_count
from pgfleet.manifest.model import Manifest
from pgfleet.reports.issues import NOT_EXERCISED, NOT_REACHED, Issue, alike, issues_of, named, planted
from pgfleet.reports.phrases.rollout import ring_facts, ring_sentence, step_word
from pgfleet.reports.phrases.skipped import skipped_in_words
from pgfleet.reports.responsive_table import ResponsiveTable
from pgfleet.reports.rollout_layout import MOST_TENANTS, indented, left_out, legend_of, new_matrix, new_table, section
from pgfleet.reports.rollout_tables import (
    count_rank,
    counted_tables,
    counts_in_words,
    gain_in_words,
    pair_in_words,
    rows_gained,
)
from pgfleet.rollout.summary import RolloutOutcome, format_summary, worst_first

STEP_STYLE = {
    StepStatus.DONE: "green",
    StepStatus.SKIPPED: "dim",
    StepStatus.FAILED: "red",
    StepStatus.NOT_REACHED: "magenta",
    StepStatus.NOT_EXERCISED: "magenta",
}
STEP_MARK = {StepStatus.SKIPPED: "✓", StepStatus.FAILED: "FAILED", StepStatus.NOT_EXERCISED: "not run"}
RESULT_STYLE = {
    Result.DONE: "green",
    Result.UNCHANGED: "dim",
    Result.FAILED: "red",
    Result.NOT_REACHED: "magenta",
    Result.UNREACHABLE: "magenta",
}
OUTCOME_STYLE = {RingOutcome.COMPLETED: "green", RingOutcome.HALTED: "red", RingOutcome.NOT_REACHED: "magenta"}
COUNT_STYLE = ("bold red", "bold red", "bold green", "dim")
COUNT_MARKS = {"~": "an estimate of the server's", "-": "no such table", "?": "not counted"}


def rollout_report(document: RolloutDocument, manifest: Manifest) -> RenderableType:
    """Rings, tenants by migrations, rows before and after, and then whatever did not go well."""
    last = Text.assemble(
        (f"{document.outcome}: {format_summary(document.summary)}", "bold"), _timing(document.what, document)
    )
    if document.outcome == RolloutOutcome.REFUSED:
        return Group(Text(f"Nothing was done: {document.reason}"), Text(), last)
    ordered = worst_first(document.tenants)
    parts: list[RenderableType] = []
    if document.dry_run:
        said = "A dry run: everything told here was rolled back, and each tenant is as it was before."
        parts += [Text(said, style="bold"), Text()]
    rings = [each.name for each in document.rings]
    shown = ordered[:MOST_TENANTS]
    matrix = ResponsiveTable(
        _result_matrix(shown, rings, manifest), lambda: _result_matrix(shown, rings, manifest, is_narrow=True)
    )
    parts += [*_rings(document), matrix, *left_out(len(ordered))]
    parts += [*section("Seeds", tuple(planted(ordered)), ""), *_counts([each for each in ordered if each.counts])]
    for heading, matters in issues_of(ordered, document.rings).items():
        parts += section(heading, matters, "magenta" if heading in {NOT_REACHED, NOT_EXERCISED} else "red")
    return Group(*parts, *_skipped(document), Text(), last)


def count_report(document: CountDocument) -> RenderableType:
    """Tenants by counted tables; those that could not be counted come first."""
    tables = counted_tables(document)
    ordered = sorted(document.tenants, key=lambda each: each.reason is None)
    table = new_table("tenant", "ring")
    for name in tables:
        table.add_column(Text(name), justify="right")
    for tenant in ordered[:MOST_TENANTS]:
        table.add_row(Text(tenant.name), Text(tenant.ring, style="dim"), *map(Text, counts_in_words(tenant, tables)))
    faults = alike((each.reason, each.name) for each in ordered if each.reason)
    matters = [Issue(title=reason, lines=(named(names),)) for reason, names in faults.items()]
    uncounted = f", {document.summary['uncounted']} not" if matters else ""
    said = f"{tenant_count(document.summary['tenants'])}: {document.summary['counted']} counted{uncounted}"
    last = Text.assemble((said, "bold"), _timing("counts", document))
    marks = _marks(words for tenant in ordered for words in counts_in_words(tenant, tables))
    uncountable = section("Could not be counted", matters, "magenta")
    return Group(table, *left_out(len(ordered)), *marks, *uncountable, *_skipped(document), Text(), last)


def _skipped(document: RolloutDocument | CountDocument) -> Iterator[RenderableType]:
    if document.skipped:
        yield from (Text(), Text(skipped_in_words(document.skipped)))


def _rings(document: RolloutDocument) -> Iterator[RenderableType]:
    facts = [ring_facts(each) for each in document.rings]
    chosen = [name for name in (facts[0] if facts else ()) if any(each[name] for each in facts)]
    table = new_table("ring", "outcome", *chosen)
    for ring, found in zip(document.rings, facts, strict=True):
        outcome = Text(ring.outcome.replace("_", " "), style=OUTCOME_STYLE[ring.outcome])
        table.add_row(Text(ring.name), outcome, *(Text(found[name]) for name in chosen))
    yield table
    yield from (Text(ring_sentence(each), style="red") for each in document.rings if each.reason)
    yield Text()


def _result_matrix(
    tenants: Iterable[TenantResult], rings: Sequence[str], manifest: Manifest, *, is_narrow: bool = False
) -> RenderableType:
    """Ring after ring, and the worst first in each."""
    places = {ring: place for place, ring in enumerate(rings)}
    ordered = sorted(tenants, key=lambda each: places.get(each.ring, len(places)))
    table, migrations = new_matrix(ordered, manifest, "tenant", "result", is_narrow=is_narrow)
    for ring, group in groupby(ordered, key=lambda each: each.ring):
        table.add_row(Text(ring, style="bold"))
        for tenant in group:
            result = Text(tenant.result.replace("_", " "), style=RESULT_STYLE[tenant.result])
            steps = {each.version: each for each in tenant.migrations}
            table.add_row(
                Text(f"  {tenant.name}"), result, *(_step_mark(steps.get(each.version)) for each in migrations)
            )
    return Group(table, *legend_of(migrations)) if is_narrow else table


def _step_mark(step: MigrationStep | None) -> Text:
    if step is None:
        return Text("·", style="dim")
    return Text(STEP_MARK.get(step.status) or step_word(step), style=STEP_STYLE[step.status])


def _counts(tenants: Sequence[TenantResult]) -> Iterator[RenderableType]:
    """Rows before and after, those first that have become fewer."""
    if not tenants:
        return
    names = tuple(dict.fromkeys(pair.table for tenant in tenants for pair in tenant.counts))
    table = new_table("rows before → after", *names)
    for tenant in sorted(tenants, key=lambda each: min(map(count_rank, each.counts)))[:MOST_TENANTS]:
        pairs = {pair.table: pair for pair in tenant.counts}
        cells = [_count(pairs[name]) if name in pairs else Text() for name in names]
        table.add_row(Text(f"  {tenant.name}"), *cells)
    yield from (Text(), table, *left_out(len(tenants)))
    yield from _marks(words for tenant in tenants for pair in tenant.counts for words in pair_in_words(pair))


def _count(pair: CountPair) -> Text:
    gain = f" ({gain_in_words(pair)})" if rows_gained(pair) else ""
    return Text(f"{' → '.join(pair_in_words(pair))}{gain}", style=COUNT_STYLE[count_rank(pair)])


def _marks(numbers: Iterable[str]) -> Iterator[RenderableType]:
    """What the marks mean that stand for or before a number."""
    used = {each[0] for each in numbers}
    said = [f"{mark} {meaning}" for mark, meaning in COUNT_MARKS.items() if mark in used]
    if said:
        yield indented(Text("    ".join(said), style="dim"))


def _timing(kind: str, document: RolloutDocument | CountDocument) -> str:
    seconds = (document.finished_at - document.started_at).total_seconds()
    return f"  ({kind} of {document.environment}, {seconds:.1f} s, run {document.run_id})"
