"""The kinds of waves."""

from collections.abc import Mapping

from pgfleet.documents.audit import TenantEntry
from pgfleet.documents.counts import TenantCounts
from pgfleet.documents.plan import TenantPlan
from pgfleet.documents.repair import RepairMode, TenantRepair
from pgfleet.documents.ring import WatchEntry
from pgfleet.documents.rollout import TenantResult
from pgfleet.flows._waves import WaveKind
from pgfleet.flows.audit_wave import audit_wave
from pgfleet.flows.count_wave import count_wave
from pgfleet.flows.plan_wave import plan_wave
from pgfleet.flows.repair_wave import repair_wave
from pgfleet.flows.rollout_wave import dry_run_wave, rollout_wave
from pgfleet.flows.watch_wave import watch_wave
from pgfleet.tasks.support import results
from pgfleet.tasks.support.repair_states import TASK_RUN


def _verdicts(entries: tuple[TenantEntry, ...]) -> Mapping[str, str]:
    return {each.name: each.verdict for each in entries}


def _results(entries: tuple[TenantResult, ...] | tuple[TenantRepair, ...]) -> Mapping[str, str]:
    return {each.name: each.result for each in entries}


AUDIT: WaveKind[TenantEntry] = WaveKind(flow=audit_wave, form=results.ENTRIES, task_run="audit {}", outcomes=_verdicts)
COUNT: WaveKind[TenantCounts] = WaveKind(flow=count_wave, form=results.COUNTED, task_run="count {}")
PLAN: WaveKind[TenantPlan] = WaveKind(flow=plan_wave, form=results.PLANS, task_run="audit {}")
DRY_RUN: WaveKind[TenantResult] = WaveKind(
    flow=dry_run_wave, form=results.RESULTS, task_run="dry run of {}", outcomes=_results
)
ROLLOUT: WaveKind[TenantResult] = WaveKind(
    flow=rollout_wave, form=results.RESULTS, task_run="roll out {}", outcomes=_results
)
WATCH: WaveKind[WatchEntry] = WaveKind(flow=watch_wave, form=results.WATCHED, task_run="watch {}")
REPAIR: dict[RepairMode, WaveKind[TenantRepair]] = {
    mode: WaveKind(flow=repair_wave, form=results.REPAIRS, task_run=f"{name} {{}}", outcomes=_results)
    for mode, name in TASK_RUN.items()
}
