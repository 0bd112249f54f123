"""What a person at a terminal reads of a rollout: the plan before anything is written, and what came of it."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pgfleet.judge.document import Verdict
from pgfleet.judge.summary import counted
from pgfleet.manifest.model import Manifest, Migration
from pgfleet.render.rollout_tables import (
    counted_tables,
    counts_in_words,
    gain_in_words,
    is_lost,
    rows_gained,
    rows_in_words,
)
from pgfleet.render.rollout_words import (
    ACTION_MEANS,
    Matter,
    alike,
    failures,
    named,
    not_begun,
    not_restarted,
    plan_sentence,
    ring_facts,
    ring_sentence,
    seed_sentence,
    step_word,
    unproven,
    watch_findings,
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

ACTION_MARK = {
    Action.SKIP: "·",
    Action.ADOPT: "adopt",
    Action.APPLY: "APPLY",
    Action.HEAL: "HEAL",
    Action.RERUN: "RERUN",
}
ACTION_STYLE = {
    Action.SKIP: "dim",
    Action.ADOPT: "cyan",
    Action.APPLY: "yellow",
    Action.HEAL: "red",
    Action.RERUN: "magenta",
}
STEP_STYLE = {
    StepStatus.DONE: "green",
    StepStatus.SKIPPED: "dim",
    StepStatus.FAILED: "red",
    StepStatus.NOT_REACHED: "magenta",
    StepStatus.NOT_REHEARSED: "magenta",
}
RESULT_STYLE = {
    Result.DONE: "green",
    Result.UNCHANGED: "dim",
    Result.FAILED: "red",
    Result.NOT_REACHED: "magenta",
    Result.UNREACHABLE: "magenta",
}
OUTCOME_STYLE = {RingOutcome.COMPLETED: "green", RingOutcome.HALTED: "red", RingOutcome.NOT_REACHED: "magenta"}
MOST_TENANTS = 60
ALTERED = "*"


def plan_report(plan: RolloutPlan, manifest: Manifest, rings: Sequence[str]) -> RenderableType:
    """What will be done in each tenant; those with nothing to do are only counted where there are many."""
    groups = by_ring(plan, rings)
    ordered = [each for tenants in groups.values() for each in tenants]
    busy = [each for each in ordered if each.changes or each.obstacle]
    shown = ordered if len(ordered) <= MOST_TENANTS else busy[:MOST_TENANTS]
    parts: list[RenderableType] = [_plan_matrix(shown, manifest)] if shown else []
    if len(shown) < len(ordered):
        more = [f"{len(busy) - len(shown)} more with something to do"] if len(shown) < len(busy) else []
        parts.append(Text(f"… and {' and '.join([*more, f'{counted(len(ordered) - len(busy))} with nothing to do'])}"))
    parts += [*_legend(ordered), *_altered(ordered, manifest), *_obstacles(ordered)]
    said = f"  (plan {plan.digest[:12]} of {plan.environment})"
    return Group(*parts, Text(), Text.assemble((plan_sentence(plan), "bold"), said))


def rollout_report(document: RolloutDocument, manifest: Manifest) -> RenderableType:
    """Rings, tenants by migrations, rows before and after, and then whatever did not go well."""
    parts: list[RenderableType] = []
    if document.rehearsal:
        said = "A rehearsal: everything told here was rolled back, and each tenant is as it was before."
        parts += [Text(said, style="bold"), Text()]
    if document.outcome == RolloutOutcome.REFUSED:
        parts.append(Text(f"Nothing was done: {document.reason}"))
    else:
        ordered = worst_first(document.tenants)
        parts += [*_rings(document), _result_matrix(ordered[:MOST_TENANTS], manifest), *_left_out(len(ordered))]
        parts += [*_counts(ordered), *_matters(document, ordered)]
    kind = "rehearsal" if document.rehearsal else "rollout"
    bold = Text(f"{document.outcome}: {in_words(document.summary)}", style="bold")
    return Group(*parts, Text(), bold + Text(_timing(kind, document), style="not bold"))


def count_report(document: CountDocument) -> RenderableType:
    """Tenants by counted tables; those that could not be counted come first."""
    tables = counted_tables(document)
    ordered = sorted(document.tenants, key=lambda each: each.reason is None)
    table = _table("tenant", "ring")
    for name in tables:
        table.add_column(name, justify="right")
    for tenant in ordered[:MOST_TENANTS]:
        table.add_row(Text(tenant.name), Text(tenant.ring, style="dim"), *map(Text, counts_in_words(tenant, tables)))
    parts: list[RenderableType] = [table, *_left_out(len(ordered))]
    faults = alike((each.reason, each.name) for each in ordered if each.reason)
    parts += _section("Not counted", [Matter(title=why, lines=(named(names),)) for why, names in faults.items()])
    uncounted = document.summary["uncounted"]
    said = f"{counted(document.summary['tenants'])}: {document.summary['counted']} counted"
    bold = f"{said}, {uncounted} not" if uncounted else said
    marks = Text("~ is the server's estimate, - no such table", style="dim")
    return Group(*parts, Text(), marks, Text.assemble((bold, "bold"), _timing("counts", document)))


def _plan_matrix(tenants: Iterable[TenantPlan], manifest: Manifest) -> Table:
    chosen = _in_scope(tenants, manifest)
    table = _matrix(("tenant",), chosen)
    ring = None
    for tenant in tenants:
        if tenant.ring != ring:
            table.add_row(Text(tenant.ring, style="bold"))
        ring = tenant.ring
        planned = {each.version: each for each in tenant.migrations}
        marks = [_plan_mark(planned.get(each.version)) for each in chosen]
        table.add_row(Text(f"  {tenant.name}"), *marks, Text(", ".join(tenant.seeds), style="yellow"))
    return table
