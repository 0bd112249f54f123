"""Tenants in which a rollout has nothing to do: their results follow from the audit that planned it."""

from pgfleet.documents.audit import TenantEntry
from pgfleet.documents.findings import MigrationStatus
from pgfleet.documents.plan import Action, PlannedMigration, TenantPlan
from pgfleet.documents.rollout import StepStatus, TenantResult
from pgfleet.manifest.model import Manifest
from pgfleet.rollout.results import build_result, build_step

LEFT_ALONE = "its differences are accepted, and were left alone"
IN_PLACE = frozenset({MigrationStatus.APPLIED, MigrationStatus.DRIFTED})


def note_findings(plan: TenantPlan, entry: TenantEntry) -> TenantPlan:
    """The plan, and if nothing is to be done, also the row counts and the drift that the audit found."""
    if not plan.is_idle:
        return plan
    remaining = tuple(
        difference
        for migration in entry.migrations
        if migration.version in plan.versions and migration.status in IN_PLACE
        for difference in migration.differences
        if not difference.accepted
    )
    return plan.model_copy(update={"counts": entry.counts, "remaining": remaining})


def idle_result(plan: TenantPlan, manifest: Manifest) -> TenantResult:
    """The result of a tenant in which there was nothing to do when the plan was made; it is not connected to again."""
    files = {each.version: each for each in manifest.migrations}
    steps = [
        build_step(files[each.version], plan, StepStatus.SKIPPED, detail=skip_detail(each)) for each in plan.migrations
    ]
    counts = {each.table: each for each in plan.counts}
    return build_result(plan, steps, (), (counts, counts)).model_copy(update={"remaining": plan.remaining})


def skip_detail(planned: PlannedMigration) -> str | None:
    """Why a migration is left as it is; None if it is simply applied."""
    if planned.action is Action.LEAVE:
        return planned.reason
    return LEFT_ALONE if planned.accepted and not planned.declared else None
