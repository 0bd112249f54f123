"""What a person at a terminal reads of a plan, before anything is written."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pgfleet.documents.plan import Action, PlannedMigration, RolloutPlan, TenantPlan, by_ring
from pgfleet.manifest.model import Manifest
from pgfleet.reports.issues import LEFT_ALONE, REFUSED, obstacles, refusals
from pgfleet.reports.phrases.altered_files import altered_files
from pgfleet.reports.phrases.rollout import ACTION_MEANS, plan_sentence
from pgfleet.reports.responsive_table import ResponsiveTable
from pgfleet.reports.rollout_layout import MOST_TENANTS, legend_of, new_matrix, section

ALTERED = "*"
ACTION_LOOK = {
    Action.SKIP: ("·", "dim"),
    Action.ADOPT: ("adopt", "cyan"),
    Action.APPLY: ("APPLY", "yellow"),
    Action.REAPPLY: ("REAPPLY", "red"),
    Action.RERUN: ("RERUN", "magenta"),
    Action.REFUSE: ("REFUSED", "magenta"),
}


def plan_report(plan: RolloutPlan, manifest: Manifest, rings: Sequence[str]) -> RenderableType:
    """What will be done in each tenant; those with nothing to do are only counted where there are many."""
    ordered = [each for tenants in by_ring(plan, rings).values() for each in tenants]
    busy = [each for each in ordered if not each.is_idle]
    shown = ordered if len(ordered) <= MOST_TENANTS else busy[:MOST_TENANTS]
    wide, narrow = _plan_matrix(shown, manifest), partial(_plan_matrix, shown, manifest, is_narrow=True)
    parts: list[RenderableType] = [ResponsiveTable(wide, narrow)] if shown else []
    left_out = {"more with something to do": len(busy) - len(shown), "with nothing to do": len(ordered) - len(busy)}
    said = [f"{number} {what}" for what, number in left_out.items() if number > 0 and len(shown) < len(ordered)]
    parts += [Text(f"… and {' and '.join(said)}; the whole is in the run's plan")] if said else []
    parts += [*_legend(ordered, manifest), *section(LEFT_ALONE, tuple(obstacles(ordered)), "magenta")]
    parts += section(REFUSED, tuple(refusals(ordered)), "magenta")
    digest = f"  (plan {plan.digest[:12]} of {plan.environment})"
    return Group(*parts, Text(), Text.assemble((plan_sentence(plan), "bold"), digest))


def _plan_matrix(tenants: Sequence[TenantPlan], manifest: Manifest, *, is_narrow: bool = False) -> RenderableType:
    table, migrations = new_matrix(tenants, manifest, "tenant", is_narrow=is_narrow)
    table.add_column("seeds" if any(each.seeds for each in tenants) else "", no_wrap=True)
    for ring, group in groupby(tenants, key=lambda each: each.ring):
        table.add_row(Text(ring, style="bold"))
        for tenant in group:
            planned = {each.version: each for each in tenant.migrations}
            marks = [_plan_mark(planned.get(each.version)) for each in migrations]
            table.add_row(Text(f"  {tenant.name}"), *marks, Text(", ".join(tenant.seeds), style="yellow"))
    return Group(table, *legend_of(migrations)) if is_narrow else table


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
