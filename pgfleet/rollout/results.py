"""One tenant's result, from what came of its steps."""

from collections.abc import Iterable, Mapping, Sequence

from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.audit import CountEntry, Verdict
from pgfleet.documents.plan import Action, TenantPlan
from pgfleet.documents.rollout import CountPair, ErrorEntry, MigrationStep, Result, SeedStep, StepStatus, TenantResult
from pgfleet.errors import PgfleetError
from pgfleet.judge.tenant import connect_failure_of
from pgfleet.manifest.model import Migration
from pgfleet.rollout.advice import advise_connect_failure, build_error_entry
from pgfleet.rollout.summary import result_of

Counts = Mapping[str, CountEntry]
THERE = frozenset({StepStatus.DONE, StepStatus.SKIPPED})
ADVICE = {
    Verdict.UNREACHABLE: "see whether the server is up and the dsn right, then run the same command again",
    Verdict.UNKNOWN: "what could not be looked at is not worked on: put right what the reason names, then run it again",
}
AS_PLANNED = {Verdict.UNREACHABLE: Result.UNREACHABLE}


def obstructed_result(plan: TenantPlan) -> TenantResult:
    """The result of a tenant in which nothing could be planned."""
    assert plan.obstacle is not None, "only a plan with an obstacle is obstructed"  # noqa: S101
    return TenantResult(
        name=plan.name,
        ring=plan.ring,
        result=AS_PLANNED.get(plan.obstacle, Result.FAILED),
        obstacle=plan.obstacle,
        reason=plan.reason,
        unreachable_because=plan.unreachable_because,
        error=_obstacle_entry(plan.reason or "", ADVICE[plan.obstacle], plan.unreachable_because),
    )


def _obstacle_entry(reason: str, advice: str, because: ConnectFailure | None) -> ErrorEntry:
    """The obstacle as an error; the reason of one that is unreachable ends with an advice, which is not told twice."""
    if because is None:
        return ErrorEntry(message=reason, advice=advice)
    return ErrorEntry(message=reason.removesuffix(f"; {because.advice}"), advice=advise_connect_failure(because))


def not_reached(plan: TenantPlan, reason: str) -> TenantResult:
    """The result of a tenant that was not begun."""
    return TenantResult(name=plan.name, ring=plan.ring, result=Result.NOT_REACHED, reason=reason)


def failed_result(plan: TenantPlan, error: PgfleetError) -> TenantResult:
    """The result of a tenant of which nothing more than the error is known."""
    because = connect_failure_of(error)
    return TenantResult(
        name=plan.name,
        ring=plan.ring,
        result=Result.UNREACHABLE if because else Result.FAILED,
        reason=str(error),
        unreachable_because=because,
        error=build_error_entry(error),
    )


def build_result(
    plan: TenantPlan,
    migrations: Sequence[MigrationStep],
    seeds: Sequence[SeedStep],
    counts: tuple[Counts, Counts],
    error: PgfleetError | None = None,
) -> TenantResult:
    """The result of a tenant that was begun; `counts` are those of before and after, `error` what ended it early."""
    result = result_of((each.status for each in migrations), (each.status for each in seeds))
    before, after = counts
    return TenantResult(
        name=plan.name,
        ring=plan.ring,
        result=Result.FAILED if error else result,
        reason=str(error) if error else None,
        error=build_error_entry(error) if error else None,
        migrations=tuple(migrations),
        seeds=tuple(seeds),
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
    """A migration's step that took no time to speak of."""
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


def find_blocker(requires: Iterable[str], steps: Iterable[MigrationStep]) -> MigrationStep | None:
    """The step among `steps` that keeps back what requires those versions; None if none does.

    A version outside of the rollout's scope is no hindrance here: the script itself will tell, and the proof.
    """
    wanted = set(requires)
    return next((each for each in steps if each.version in wanted and each.status not in THERE), None)


def blocked_status(hindered_by: MigrationStep) -> tuple[StepStatus, str]:
    """The status and the reason of what requires a migration that is not there."""
    if hindered_by.status is StepStatus.NOT_EXERCISED:
        return StepStatus.NOT_EXERCISED, f"it requires {hindered_by.version}, which was not rehearsed"
    return StepStatus.NOT_REACHED, f"it requires {hindered_by.version}, which is not there"
