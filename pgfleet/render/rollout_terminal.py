"""What a person at a terminal reads of a rollout: the plan before anything is written, and what came of it."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pgfleet.manifest.model import Manifest
from pgfleet.render.rollout_words import (
    count_change,
    failure_lines,
    not_rehearsed,
    plan_sentence,
    residual_lines,
    ring_sentence,
    rows_in_words,
    step_word,
)
from pgfleet.rollout.document import CountDocument, Result, RingOutcome, RolloutDocument, StepStatus, TenantResult
from pgfleet.rollout.plan import Action, PlannedMigration, RolloutPlan, TenantPlan
from pgfleet.rollout.signature import group_failures
from pgfleet.rollout.summary import in_words, worst_first

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
NOTHING = "·"


def plan_report(plan: RolloutPlan, manifest: Manifest, rings: Sequence[str]) -> RenderableType:
    """What will be done in each tenant; those with nothing to do are left out where there are many."""
    ordered = [each for ring in rings for each in plan.tenants if each.ring == ring]
    busy = [each for each in ordered if each.changes or each.obstacle]
    shown = ordered if len(ordered) <= MOST_TENANTS else busy[:MOST_TENANTS]
    parts: list[RenderableType] = [_plan_matrix(shown, manifest)]
    if left_out := len(ordered) - len(shown):
        parts.append(Text(f"… and {left_out} more tenants; the whole is in the run's plan", style="dim"))
    parts += [_indented(f"{each.name} is {each.obstacle}: {each.reason}", "magenta") for each in shown if each.obstacle]
    altered = {each.version for tenant in plan.tenants for each in tenant.migrations if each.altered}
    files = [each.file for each in manifest.migrations if each.version in altered]
    parts += [_indented(f"{file} was changed since it was applied (marked *)", "yellow") for file in files]
    return Group(*parts, Text(), Text.assemble((plan_sentence(plan), "bold"), f"  (plan {plan.digest[:12]})"))


def rollout_report(document: RolloutDocument, manifest: Manifest) -> RenderableType:
    """What came of a rollout or rehearsal: rings, tenants, failures by their reason, what a rerun does not heal."""
    ordered = worst_first(document.tenants)
    parts: list[RenderableType] = []
    if document.rehearsal:
        parts += [Text("A rehearsal: everything below was rolled back, and every tenant is as it was.", style="bold")]
    parts += [*_rings(document), Text(), _result_matrix(ordered[:MOST_TENANTS], manifest)]
    if len(ordered) > MOST_TENANTS:
        parts.append(Text(f"… and {len(ordered) - MOST_TENANTS} more tenants, none worse; --format json has them all"))
    for section in (_failures(document), _residuals(ordered), _unrehearsed(ordered), _findings(document)):
        parts += section
    seconds = (document.finished_at - document.started_at).total_seconds()
    if document.reason:
        parts += [Text(), Text(f"{document.outcome}: {document.reason}", style="red")]
    timing = f"  ({document.environment}, {seconds:.1f} s, run {document.run_id})"
    kind = "Rehearsed" if document.rehearsal else document.outcome
    return Group(*parts, Text(), Text.assemble((f"{kind}: {in_words(document.summary)}", "bold"), timing))


def count_report(document: CountDocument) -> RenderableType:
    """Tenants by counted tables."""
    tables = list(dict.fromkeys(each.table for tenant in document.tenants for each in tenant.counts or ()))
    table = _table("tenant", "ring")
    for name in tables:
        table.add_column(name, justify="right")
    for tenant in document.tenants:
        by_table = {each.table: rows_in_words(each) for each in tenant.counts or ()}
        table.add_row(Text(tenant.name), Text(tenant.ring), *(by_table.get(name, "?") for name in tables))
    faults = [_indented(f"{each.name}: {each.reason}", "magenta") for each in document.tenants if each.reason]
    said = f"{document.summary['counted']} of {document.summary['tenants']} tenants counted"
    return Group(table, *faults, Text(), Text(said, style="bold"), Text("~ is the planner's estimate", style="dim"))


def _plan_matrix(tenants: Sequence[TenantPlan], manifest: Manifest) -> Table:
    scope = {each.version for tenant in tenants for each in tenant.migrations}
    chosen = [each for each in manifest.migrations if each.version in scope]
    table = _table("tenant", "ring")
    for migration in chosen:
        table.add_column(f"{migration.priority} {migration.version}", justify="center")
    table.add_column("seeds")
    for tenant in tenants:
        by_version = {each.version: each for each in tenant.migrations}
        marks = [_plan_mark(by_version.get(each.version)) for each in chosen]
        table.add_row(Text(tenant.name), Text(tenant.ring), *marks, Text(", ".join(tenant.seeds), style="yellow"))
    return table


def _plan_mark(planned: PlannedMigration | None) -> Text:
    if planned is None:
        return Text("?", style="magenta")
    word = NOTHING if planned.action is Action.SKIP else str(planned.action)
    return Text(f"{word}{'*' if planned.altered else ''}", style=ACTION_STYLE[planned.action])


def _rings(document: RolloutDocument) -> Iterator[RenderableType]:
    for ring in document.rings:
        style = OUTCOME_STYLE[ring.outcome]
        yield Text.assemble("ring ", (ring.name, "bold"), " ", (str(ring.outcome), style), f": {ring_sentence(ring)}")


def _result_matrix(tenants: Sequence[TenantResult], manifest: Manifest) -> Table:
    scope = {each.version for tenant in tenants for each in tenant.migrations}
    chosen = [each for each in manifest.migrations if each.version in scope]
    counted = list(dict.fromkeys(each.table for tenant in tenants for each in tenant.counts))
    table = _table("tenant", "ring", "result")
    for migration in chosen:
        table.add_column(migration.version, justify="center")
    table.add_column("seeds")
    for name in counted:
        table.add_column(name, justify="right")
    for tenant in tenants:
        table.add_row(*_result_row(tenant, [each.version for each in chosen], counted))
    return table


def _result_row(tenant: TenantResult, versions: Sequence[str], counted: Sequence[str]) -> Iterator[Text]:
    yield Text(tenant.name)
    yield Text(tenant.ring, style="dim")
    yield Text(tenant.result.replace("_", " "), style=RESULT_STYLE[tenant.result])
    steps = {each.version: each for each in tenant.migrations}
    for version in versions:
        step = steps.get(version)
        is_idle = step is None or step.status is StepStatus.SKIPPED
        word = NOTHING if step is None or is_idle else step_word(step)
        yield Text(word, style=STEP_STYLE[step.status] if step else "dim")
    yield Text(", ".join(f"{each.name} {step_word(each)}" for each in tenant.seeds))
    changes = {each.table: count_change(each) for each in tenant.counts}
    for table in counted:
        said = changes.get(table, "")
        yield Text(said, style="red" if said.endswith("FEWER") else "dim")


def _failures(document: RolloutDocument) -> Iterator[RenderableType]:
    groups = group_failures(document.tenants)
    if groups:
        yield from (Text(), Text("What failed, by its reason", style="bold"))
    for group in groups:
        first, *others = failure_lines(group)
        yield _indented(first, "red")
        yield from (_indented(line, "", 4) for line in others)


def _residuals(tenants: Iterable[TenantResult]) -> Iterator[RenderableType]:
    found = [(each.name, line) for each in tenants for line in residual_lines(each)]
    if found:
        yield from (Text(), Text("Not healable by a rerun (nothing of it was committed)", style="bold"))
    for name, line in found[:MOST_TENANTS]:
        yield _indented(f"{name}: {line}", "")


def _unrehearsed(tenants: Iterable[TenantResult]) -> Iterator[RenderableType]:
    found = not_rehearsed(tenants)
    if found:
        yield from (Text(), Text("What could not be rehearsed", style="bold"))
    for file, number in found.items():
        yield _indented(f"{file}, in {number}: it runs in no transaction, or stands on one that does not", "magenta")


def _findings(document: RolloutDocument) -> Iterator[RenderableType]:
    watched = [each for ring in document.rings for each in ring.watch]
    if watched:
        yield from (Text(), Text("What was seen afterwards", style="bold"))
    for each in sorted(watched, key=lambda entry: not entry.is_finding)[:MOST_TENANTS]:
        yield _indented(f"{each.tenant}, {each.watch}: {each.detail}", "red" if each.is_finding else "")


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, no_wrap=name == "tenant")
    return table


def _indented(text: str, style: str, spaces: int = 2) -> Padding:
    return Padding(Text(text, style=style), (0, 0, 0, spaces), expand=False)
