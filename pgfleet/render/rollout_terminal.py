"""What a person at a terminal reads of a rollout: the plan before anything is written, and what came of it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pgfleet.judge.summary import counted
from pgfleet.manifest.model import Manifest
from pgfleet.render.rollout_tables import (
    count_rank,
    counted_tables,
    counts_in_words,
    gain_in_words,
    pair_in_words,
    rows_gained,
)
from pgfleet.render.rollout_words import (
    ACTION_MEANS,
    LEFT_ALONE,
    NOT_REACHED,
    NOT_REHEARSED,
    Matter,
    alike,
    altered_files,
    matters_of,
    named,
    obstacles,
    plan_sentence,
    planted,
    ring_facts,
    ring_sentence,
    step_word,
)
from pgfleet.render.words import sentence
from pgfleet.rollout.document import (
    CountDocument,
    CountPair,
    MigrationStep,
    Result,
    RingOutcome,
    RolloutDocument,
    StepStatus,
    TenantResult,
)
from pgfleet.rollout.plan import Action, PlannedMigration, RolloutPlan, TenantPlan, by_ring
from pgfleet.rollout.summary import RolloutOutcome, in_words, worst_first

ACTION_LOOK = {
    Action.SKIP: ("·", "dim"),
    Action.ADOPT: ("adopt", "cyan"),
    Action.APPLY: ("APPLY", "yellow"),
    Action.HEAL: ("HEAL", "red"),
    Action.RERUN: ("RERUN", "magenta"),
}
STEP_STYLE = {
    StepStatus.DONE: "green",
    StepStatus.SKIPPED: "dim",
    StepStatus.FAILED: "red",
    StepStatus.NOT_REACHED: "magenta",
    StepStatus.NOT_REHEARSED: "magenta",
}
STEP_MARK = {StepStatus.SKIPPED: "✓", StepStatus.FAILED: "FAILED", StepStatus.NOT_REHEARSED: "not run"}
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
ALTERED = "*"
MOST_TENANTS = 60
MOST_DIFFERENCES = 10


def plan_report(plan: RolloutPlan, manifest: Manifest, rings: Sequence[str]) -> RenderableType:
    """What will be done in each tenant; those with nothing to do are only counted where there are many."""
    ordered = [each for tenants in by_ring(plan, rings).values() for each in tenants]
    busy = [each for each in ordered if each.changes or each.obstacle]
    shown = ordered if len(ordered) <= MOST_TENANTS else busy[:MOST_TENANTS]
    parts: list[RenderableType] = [_plan_matrix(shown, manifest)] if shown else []
    left_out = {"more with something to do": len(busy) - len(shown), "with nothing to do": len(ordered) - len(busy)}
    said = [f"{number} {what}" for what, number in left_out.items() if number > 0 and len(shown) < len(ordered)]
    parts += [Text(f"… and {' and '.join(said)}; the whole is in the run's plan")] if said else []
    parts += [*_legend(ordered, manifest), *_section(LEFT_ALONE, tuple(obstacles(ordered)), "magenta")]
    digest = f"  (plan {plan.digest[:12]} of {plan.environment})"
    return Group(*parts, Text(), Text.assemble((plan_sentence(plan), "bold"), digest))


def rollout_report(document: RolloutDocument, manifest: Manifest) -> RenderableType:
    """Rings, tenants by migrations, rows before and after, and then whatever did not go well."""
    kind = "rehearsal" if document.rehearsal else "rollout"
    last = Text.assemble((f"{document.outcome}: {in_words(document.summary)}", "bold"), _timing(kind, document))
    if document.outcome == RolloutOutcome.REFUSED:
        return Group(Text(f"Nothing was done: {document.reason}"), Text(), last)
    ordered = worst_first(document.tenants)
    parts: list[RenderableType] = []
    if document.rehearsal:
        said = "A rehearsal: everything told here was rolled back, and each tenant is as it was before."
        parts += [Text(said, style="bold"), Text()]
    rings = [each.name for each in document.rings]
    parts += [*_rings(document), _result_matrix(ordered[:MOST_TENANTS], rings, manifest), *_left_out(len(ordered))]
    parts += [*_section("Seeds", tuple(planted(ordered)), ""), *_counts([each for each in ordered if each.counts])]
    for heading, matters in matters_of(ordered, document.rings).items():
        parts += _section(heading, matters, "magenta" if heading in {NOT_REACHED, NOT_REHEARSED} else "red")
    return Group(*parts, Text(), last)


def count_report(document: CountDocument) -> RenderableType:
    """Tenants by counted tables; those that could not be counted come first."""
    tables = counted_tables(document)
    ordered = sorted(document.tenants, key=lambda each: each.reason is None)
    table = _table("tenant", "ring")
    for name in tables:
        table.add_column(Text(name), justify="right")
    for tenant in ordered[:MOST_TENANTS]:
        table.add_row(Text(tenant.name), Text(tenant.ring, style="dim"), *map(Text, counts_in_words(tenant, tables)))
    faults = alike((each.reason, each.name) for each in ordered if each.reason)
    matters = [Matter(title=reason, lines=(named(names),)) for reason, names in faults.items()]
    uncounted = f", {document.summary['uncounted']} not" if matters else ""
    said = f"{counted(document.summary['tenants'])}: {document.summary['counted']} counted{uncounted}"
    last = Text.assemble((said, "bold"), _timing("counts", document))
    marks = _marks(words for tenant in ordered for words in counts_in_words(tenant, tables))
    return Group(
        table, *_left_out(len(ordered)), *marks, *_section("Could not be counted", matters, "magenta"), Text(), last
    )


def _plan_matrix(tenants: Sequence[TenantPlan], manifest: Manifest) -> Table:
    table, versions = _matrix(tenants, manifest, "tenant")
    table.add_column("seeds" if any(each.seeds for each in tenants) else "", no_wrap=True)
    for ring, group in groupby(tenants, key=lambda each: each.ring):
        table.add_row(Text(ring, style="bold"))
        for tenant in group:
            planned = {each.version: each for each in tenant.migrations}
            marks = [_plan_mark(planned.get(each)) for each in versions]
            table.add_row(Text(f"  {tenant.name}"), *marks, Text(", ".join(tenant.seeds), style="yellow"))
    return table


def _plan_mark(planned: PlannedMigration | None) -> Text:
    if planned is None:
        return Text("?", style="magenta")
    mark, style = ACTION_LOOK[planned.action]
    return Text(f"{mark}{ALTERED if planned.altered else ''}", style=style)


def _legend(tenants: Sequence[TenantPlan], manifest: Manifest) -> Iterator[RenderableType]:
    """What the marks mean that occur."""
    table = Table(box=None, pad_edge=False, show_header=False)
    used = {each.action for tenant in tenants for each in tenant.migrations}
    for action in (each for each in ACTION_MEANS if each in used):
        table.add_row(Text(*ACTION_LOOK[action]), Text(ACTION_MEANS[action], style="dim"))
    for file, said in altered_files(tenants, manifest):
        table.add_row(Text(ALTERED), Text(f"{file} was changed after it was applied {said}", style="dim"))
    if table.row_count:
        yield from (Text(), table)


def _rings(document: RolloutDocument) -> Iterator[RenderableType]:
    facts = [ring_facts(each) for each in document.rings]
    chosen = [name for name in (facts[0] if facts else ()) if any(each[name] for each in facts)]
    table = _table("ring", "outcome", *chosen)
    for ring, found in zip(document.rings, facts, strict=True):
        outcome = Text(ring.outcome.replace("_", " "), style=OUTCOME_STYLE[ring.outcome])
        table.add_row(Text(ring.name), outcome, *(Text(found[name]) for name in chosen))
    yield table
    yield from (Text(ring_sentence(each), style="red") for each in document.rings if each.reason)
    yield Text()


def _result_matrix(tenants: Iterable[TenantResult], rings: Sequence[str], manifest: Manifest) -> Table:
    """Ring after ring, and the worst first in each."""
    places = {ring: place for place, ring in enumerate(rings)}
    ordered = sorted(tenants, key=lambda each: places.get(each.ring, len(places)))
    table, versions = _matrix(ordered, manifest, "tenant", "result")
    for ring, group in groupby(ordered, key=lambda each: each.ring):
        table.add_row(Text(ring, style="bold"))
        for tenant in group:
            result = Text(tenant.result.replace("_", " "), style=RESULT_STYLE[tenant.result])
            steps = {each.version: each for each in tenant.migrations}
            table.add_row(Text(f"  {tenant.name}"), result, *(_step_mark(steps.get(each)) for each in versions))
    return table


def _step_mark(step: MigrationStep | None) -> Text:
    if step is None:
        return Text("·", style="dim")
    return Text(STEP_MARK.get(step.status) or step_word(step), style=STEP_STYLE[step.status])


def _counts(tenants: Sequence[TenantResult]) -> Iterator[RenderableType]:
    """Rows before and after, those first that have become fewer."""
    if not tenants:
        return
    names = tuple(dict.fromkeys(pair.table for tenant in tenants for pair in tenant.counts))
    table = _table("rows before → after", *names)
    for tenant in sorted(tenants, key=lambda each: min(map(count_rank, each.counts)))[:MOST_TENANTS]:
        pairs = {pair.table: pair for pair in tenant.counts}
        cells = [_count(pairs[name]) if name in pairs else Text() for name in names]
        table.add_row(Text(f"  {tenant.name}"), *cells)
    yield from (Text(), table, *_left_out(len(tenants)))
    yield from _marks(words for tenant in tenants for pair in tenant.counts for words in pair_in_words(pair))


def _count(pair: CountPair) -> Text:
    gain = f" ({gain_in_words(pair)})" if rows_gained(pair) else ""
    return Text(f"{' → '.join(pair_in_words(pair))}{gain}", style=COUNT_STYLE[count_rank(pair)])


def _marks(numbers: Iterable[str]) -> Iterator[RenderableType]:
    """What the marks mean that stand for or before a number."""
    used = {each[0] for each in numbers}
    said = [f"{mark} {meaning}" for mark, meaning in COUNT_MARKS.items() if mark in used]
    if said:
        yield _indented(Text("    ".join(said), style="dim"))


def _section(heading: str, matters: Sequence[Matter], style: str) -> Iterator[RenderableType]:
    if matters:
        yield from (Text(), Text(heading, style="bold"))
    for matter in matters[:MOST_TENANTS]:
        yield _indented(Text(matter.title, style=style))
        said = [sentence(each) for each in matter.differences[:MOST_DIFFERENCES]]
        if left_out := len(matter.differences) - len(said):
            said.append(f"… and {left_out} more")
        yield from (_indented(Text(line), 4) for line in (*said, *matter.lines))
    if len(matters) > MOST_TENANTS:
        yield _indented(Text(f"… and {len(matters) - MOST_TENANTS} more; --format json has them all"))


def _matrix(
    tenants: Sequence[TenantPlan | TenantResult], manifest: Manifest, *columns: str
) -> tuple[Table, Sequence[str]]:
    """A table with a column for each migration that the rollout is about, and their versions."""
    scope = {each.version for tenant in tenants for each in tenant.migrations}
    chosen = [each for each in manifest.migrations if each.version in scope]
    table = _table(*columns, whole=len(columns))
    for each in chosen:  # folded on a narrow terminal: a version that is cut could be any of them
        table.add_column(f"{each.priority} {each.version}", justify="center", overflow="fold")
    return table, [each.version for each in chosen]


def _table(*columns: str, whole: int = 1) -> Table:
    """A table whose first `whole` columns are never broken."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(columns):
        table.add_column(Text(name), no_wrap=place < whole)
    return table


def _left_out(tenants: int) -> Iterator[RenderableType]:
    if tenants > MOST_TENANTS:
        yield Text(f"… and {tenants - MOST_TENANTS} more tenants, none worse; --format json has them all")


def _indented(text: Text, spaces: int = 2) -> Padding:
    return Padding(text, (0, 0, 0, spaces), expand=False)


def _timing(kind: str, document: RolloutDocument | CountDocument) -> str:
    seconds = (document.finished_at - document.started_at).total_seconds()
    return f"  ({kind} of {document.environment}, {seconds:.1f} s, run {document.run_id})"
