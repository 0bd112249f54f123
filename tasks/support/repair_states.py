"""What came of repairs as Prefect states."""

from collections.abc import Sequence
from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from pgfleet.documents.repair import RepairDocument, RepairMode, RepairResult, TenantRepair
from pgfleet.reports.phrases.repair import repair_sentence
from pgfleet.rollout.repair_summary import RepairOutcome, format_summary, outcome_of

GOOD = frozenset({RepairOutcome.COMPLETED, RepairOutcome.DRY_RUN})
STATE_NAME = {
    RepairMode.PLAN: "Planned",
    RepairMode.DRY_RUN: "Dry run",
    RepairMode.REPAIR: "Repaired",
}


def repaired_state(found: TenantRepair, mode: RepairMode) -> State[TenantRepair]:
    """Of one tenant: Repaired, Rehearsed, Planned or Unchanged, or Failed, also where something is left to a person."""
    is_good = outcome_of([found], dry_run=mode is not RepairMode.REPAIR) in GOOD
    name = STATE_NAME[mode] if found.result is RepairResult.REPAIRED else found.result.replace("_", " ").capitalize()
    make = Completed if is_good or (mode is RepairMode.PLAN and not found.error) else Failed
    return make(name=name, message=repair_sentence(found), data=found)


def repairs_state(found: Sequence[TenantRepair], mode: RepairMode) -> State[Any]:
    """Of a wave: Completed where nothing failed and nothing is left to a person; a plan is only a plan."""
    outcome = outcome_of(found, dry_run=mode is not RepairMode.REPAIR)
    said = "; ".join(f"{each.name}: {repair_sentence(each)}" for each in found)
    if outcome in GOOD or mode is RepairMode.PLAN:
        return Completed(message=said)
    return Failed(name=outcome, message=said)


def repair_state(document: RepairDocument) -> State[Any]:
    """Completed where nothing is left to be done, or nothing would be, else Failed under the name of the outcome."""
    said = document.reason or format_summary(document)
    if document.outcome in GOOD:
        return Completed(name=document.outcome, message=said)
    return Failed(name=document.outcome, message=said)
