"""One tenant's rollout result, from its steps."""

from collections.abc import Iterable, Mapping, Sequence

from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.audit import Verdict
from pgfleet.documents.entry import ErrorEntry
from pgfleet.documents.findings import CountEntry, DifferenceEntry
from pgfleet.documents.plan import Action, TenantPlan
from pgfleet.documents.repair import TenantRepair
from pgfleet.documents.rollout import CountPair, MigrationStep, Result, SeedStep, StepStatus, TenantResult
from pgfleet.errors import CannotDryRun, NotProven, PgfleetError
from pgfleet.judge.tenant import connect_failure_of
from pgfleet.manifest.model import Migration
from pgfleet.rollout.advice import advise_connect_failure, build_error_entry
from pgfleet.rollout.summary import result_of

Counts = Mapping[str, CountEntry | None]
"""By table; None for one that could not be counted."""
REQUIRED = "required migration"
DONE_ALREADY = "done already when its turn came"
REVERTED_ALREADY = "reverted already when its turn came"
DONE_BEFORE = frozenset({DONE_ALREADY, REVERTED_ALREADY})
"""The details of steps that another run, or an earlier attempt, has done."""
SATISFIED = frozenset({StepStatus.DONE, StepStatus.SKIPPED})
ADVICE = {
    Verdict.UNREACHABLE: "check that the server is running and the DSN is correct, then run the same command again",
    Verdict.UNKNOWN: "fix what prevented the inspection (see the reason), then run the same command again",
}
AS_PLANNED = {Verdict.UNREACHABLE: Result.UNREACHABLE}


def obstructed_result(plan: TenantPlan) -> TenantResult:
    """The result of a tenant whose plan has an obstacle."""
    assert plan.obstacle is not None, "the plan must have an obstacle"  # noqa: S101
    return TenantResult(
        name=plan.name,
        ring=plan.ring,
        result=AS_PLANNED.get(plan.obstacle, Result.FAILED),
        obstacle=plan.obstacle,
        reason=plan.reason,
        unreachable_because=plan.unreachable_because,
        error=_obstacle_entry(plan.reason or "", ADVICE[plan.obstacle], plan.unreachable_because),
    )


def _obstacle_entry(reason: str, advice: str, failure: ConnectFailure | None) -> ErrorEntry:
    """The obstacle as an error, without the advice at the end of an unreachable tenant's reason."""
    if failure is None:
        return ErrorEntry(message=reason, advice=advice)
    return ErrorEntry(message=reason.removesuffix(f"; {failure.advice}"), advice=advise_connect_failure(failure))


def not_reached(plan: TenantPlan, reason: str) -> TenantResult:
    """The result of a tenant that was not started."""
    return TenantResult(name=plan.name, ring=plan.ring, result=Result.NOT_REACHED, reason=reason)


def failed_result(plan: TenantPlan, error: PgfleetError) -> TenantResult:
    """The result of a tenant of which only the error is known."""
    failure = connect_failure_of(error)
    return TenantResult(
        name=plan.name,
        ring=plan.ring,
        result=Result.UNREACHABLE if failure else Result.FAILED,
        reason=str(error),
        unreachable_because=failure,
        error=build_error_entry(error),
    )


def build_result(
    plan: TenantPlan,
    migrations: Sequence[MigrationStep],
    seeds: Sequence[SeedStep],
    counts: tuple[Counts, Counts],
    error: PgfleetError | None = None,
    repair: TenantRepair | None = None,
) -> TenantResult:
    """The result of a tenant that was started; `counts` are before and after, and `error` ended it early."""
    result = result_of((each.status for each in migrations), (each.status for each in seeds))
    if repair and repair.error:
        result = Result.FAILED
    before, after = counts
    return TenantResult(
        name=plan.name,
        ring=plan.ring,
        result=Result.FAILED if error else result,
        reason=str(error) if error else None,
        error=build_error_entry(error) if error else None,
        migrations=tuple(migrations),
        seeds=tuple(seeds),
        repair=repair,
        counts=tuple(CountPair(table=table, before=before.get(table), after=after.get(table)) for table in before),
    )


def build_step(
    migration: Migration,
    plan: TenantPlan,
    status: StepStatus,
    *,
    action: Action | None = None,
    detail: str | None = None,
) -> MigrationStep:
    """The step of a migration, without a duration."""
    planned = plan.of(migration.version)
    return MigrationStep(
        version=migration.version,
        file=migration.file,
        priority=migration.priority,
        action=action or planned.action,
        status=status,
        altered=planned.altered,
        detail=detail,
    )


def failed_step(migration: Migration, plan: TenantPlan, error: PgfleetError) -> MigrationStep:
    """The step of a failed migration, with advice and the differences that it would have left."""
    residual: tuple[DifferenceEntry, ...] = error.residual if isinstance(error, NotProven) else ()
    step = build_step(migration, plan, StepStatus.FAILED)
    return step.model_copy(update={"error": build_error_entry(error), "residual": residual})


def ended_step(migration: Migration, plan: TenantPlan, error: PgfleetError) -> MigrationStep:
    """The step that the error ended: failed, or not exercised if a dry run cannot run it."""
    if isinstance(error, CannotDryRun):
        return build_step(migration, plan, StepStatus.NOT_EXERCISED, detail=str(error))
    return failed_step(migration, plan, error)


def find_blocker(requires: Iterable[str], steps: Iterable[MigrationStep]) -> MigrationStep | None:
    """The step of a required version that is not applied; None if there is none.

    A required version outside the rollout's scope does not block here; the script or its proof fails if it is missing.
    """
    wanted = set(requires)
    return next((each for each in steps if each.version in wanted and each.status not in SATISFIED), None)


def blocked_status(blocker: MigrationStep) -> tuple[StepStatus, str]:
    """The status and the reason of a step that requires the blocker's migration.

    The reason of a step that is itself blocked is passed on: it names the first cause.
    """
    if blocker.detail and blocker.detail.startswith(REQUIRED):
        return blocker.status, blocker.detail
    if blocker.status is StepStatus.NOT_EXERCISED:
        return StepStatus.NOT_EXERCISED, f"{REQUIRED} {blocker.version} was not exercised"
    return StepStatus.NOT_REACHED, f"{REQUIRED} {blocker.version} is not applied"
