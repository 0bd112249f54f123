"""Prefect states for repairs."""

from collections.abc import Sequence
from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from pgfleet.documents.repair import RepairDocument, RepairMode, RepairResult, TenantRepair
from pgfleet.reports.phrases.repair import repair_sentence
from pgfleet.rollout.repair_summary import RepairOutcome, format_summary, outcome_of
from pgfleet.tasks.support.states import state_message

GOOD = frozenset({RepairOutcome.COMPLETED, RepairOutcome.DRY_RUN})
TASK_RUN = {
    RepairMode.PLAN: "plan repair of",
    RepairMode.DRY_RUN: "dry run of repair of",
    RepairMode.REPAIR: "repair",
}
"""The name of a tenant's task run, without the tenant."""
STATE_NAME = {
    RepairMode.PLAN: "Planned",
    RepairMode.DRY_RUN: "Dry run",
    RepairMode.REPAIR: "Repaired",
}


def repaired_state(found: TenantRepair, mode: RepairMode) -> State[TenantRepair]:
    """Of one tenant: Repaired, Dry run, Planned or Unchanged; Failed also if something remains for a person to do."""
    is_good = outcome_of([found], dry_run=mode is not RepairMode.REPAIR) in GOOD
    name = STATE_NAME[mode] if found.result is RepairResult.REPAIRED else found.result.replace("_", " ").capitalize()
    make = Completed if is_good or (mode is RepairMode.PLAN and not found.error) else Failed
    return make(name=name, message=state_message(repair_sentence(found)), data=found)


def repairs_state(found: Sequence[TenantRepair], mode: RepairMode) -> State[Any]:
    """Of a wave: Completed if nothing failed and nothing remains for a person to do; always Completed for a plan."""
    outcome = outcome_of(found, dry_run=mode is not RepairMode.REPAIR)
    message = state_message("; ".join(f"{each.name}: {repair_sentence(each)}" for each in found))
    if outcome in GOOD or mode is RepairMode.PLAN:
        return Completed(message=message)
    return Failed(name=outcome, message=message)


def repair_state(document: RepairDocument) -> State[Any]:
    """Completed if nothing remains to be done, or would remain, else Failed with the name of the outcome."""
    message = state_message(document.reason) or format_summary(document)
    if document.outcome in GOOD:
        return Completed(name=document.outcome, message=message)
    return Failed(name=document.outcome, message=message)
