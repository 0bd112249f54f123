"""A rollout's tenants by the migrations in its scope."""

from collections.abc import Sequence
from statistics import median

from pgfleet.documents.rollout import SUCCEEDED, MigrationStep, Result, RolloutDocument, StepStatus, TenantResult
from pgfleet.manifest.model import Manifest, Migration
from pgfleet.reports.blocks import Column, Matrix, Row, Status, StatusStyle
from pgfleet.reports.phrases.rollout import Step, duration_text, is_unfixed, result_sentence, step_word
from pgfleet.rollout.summary import has_remaining_drift, worst_first

RESULT = {
    Result.FAILED: StatusStyle.BAD,
    Result.UNREACHABLE: StatusStyle.AWAY,
    Result.NOT_REACHED: StatusStyle.PENDING,
    Result.PARTLY_EXERCISED: StatusStyle.DOUBTFUL,
    Result.DONE: StatusStyle.DONE,
    Result.UNCHANGED: StatusStyle.GOOD,
}
STEP = {
    StepStatus.DONE: StatusStyle.DONE,
    StepStatus.SKIPPED: StatusStyle.GOOD,
    StepStatus.FAILED: StatusStyle.BAD,
    StepStatus.NOT_REACHED: StatusStyle.PENDING,
    StepStatus.ROLLED_BACK: StatusStyle.PENDING,
    StepStatus.NOT_EXERCISED: StatusStyle.DOUBTFUL,
}
MARK = {StepStatus.SKIPPED: "✓", StepStatus.FAILED: "FAILED"}
NOT_IN_SCOPE = Status(StatusStyle.NONE, "not in scope", mark="·")
NOT_BEGUN = Status(StatusStyle.NONE, "not begun", mark="·")
UNFINISHED = frozenset({Result.FAILED, Result.UNREACHABLE, Result.NOT_REACHED})


def matrix(document: RolloutDocument, manifest: Manifest) -> Matrix:
    """Tenants, worst first, by the migrations in the rollout's scope."""
    ordered, versions = worst_first(document.tenants), manifest.versions
    steps = {each.name: {step.version: step for step in each.migrations} for each in ordered}
    met: dict[str, list[tuple[str, MigrationStep]]] = {}
    for name, step in ((name, step) for name, found in steps.items() for step in found.values()):
        met.setdefault(step.version, []).append((name, step))
    chosen = [each for each in manifest.migrations if each.version in met]
    rows = (
        Row(
            name=each.name,
            ring=each.ring,
            status=_tenant_status(each),
            cells=tuple(_cell(each, steps[each.name].get(migration.version)) for migration in chosen),
            summary="" if _is_quiet(each) else result_sentence(each, versions),
        )
        for each in ordered
    )
    return Matrix(
        status_name="result", columns=tuple(_column(each, met[each.version]) for each in chosen), rows=tuple(rows)
    )


def result_status(result: Result) -> Status:
    """The status of a tenant with that result."""
    return Status(RESULT[result], result.replace("_", " "))


def _tenant_status(tenant: TenantResult) -> Status:
    """Not green if the tenant still has findings."""
    if tenant.result in SUCCEEDED and has_remaining_drift(tenant):
        return Status(StatusStyle.DOUBTFUL, tenant.result.replace("_", " "))
    return result_status(tenant.result)


def _is_quiet(tenant: TenantResult) -> bool:
    return tenant.result is Result.UNCHANGED and not has_remaining_drift(tenant)


def step_status(step: Step) -> Status:
    """The status of a migration's or seed's step."""
    if is_unfixed(step):
        return Status(StatusStyle.BAD, step_word(step))
    return Status(STEP[step.status], step_word(step), mark=MARK.get(step.status, ""))


def _cell(tenant: TenantResult, step: Step | None) -> Status:
    if step:
        return step_status(step)
    return NOT_BEGUN if tenant.result in UNFINISHED and not tenant.migrations else NOT_IN_SCOPE


def _column(migration: Migration, found: Sequence[tuple[str, MigrationStep]]) -> Column:
    """The migration with the durations of its steps, each with its tenant."""
    done = [(tenant, step.duration_ms) for tenant, step in found if step.status is StepStatus.DONE]
    return Column(
        version=migration.version,
        file=migration.file,
        priority=str(migration.priority),
        provides=_durations(done),
    )


def _durations(found: Sequence[tuple[str, int | None]]) -> str:
    """`median 120 ms, slowest 1.2 s in acme`."""
    known = [(duration, name) for name, duration in found if duration is not None]
    if not known:
        return ""
    slowest, name = max(known)
    typical = duration_text(median(duration for duration, _ in known))
    return f"median {typical}, slowest {duration_text(slowest)} in {name}"
