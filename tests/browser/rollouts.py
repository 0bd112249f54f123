"""The document of a rollout that halted after its second ring, on the shipped manifest."""

from datetime import timedelta

from browser.fleets import MANIFEST, NAMES, RINGS
from unit.literals import FINISHED, STARTED, a_difference_entry
from unit.rollout_literals import a_count, a_pair, a_result, a_ring, a_rollout, a_seed_step, a_wave

from pgfleet.documents.entry import ErrorEntry
from pgfleet.documents.plan import Action
from pgfleet.documents.ring import RestartEntry, RingEntry, RingOutcome
from pgfleet.documents.rollout import MigrationStep, Result, RolloutDocument, StepStatus, TenantResult
from pgfleet.manifest.model import Migration

LOCKED = ErrorEntry(
    message="canceling statement due to lock timeout",
    sqlstate="55P03",
    file="20250330_add_ai_conversation_reflections.sql",
    line=12,
    column=1,
    advice="run the rollout again when the table is not in use",
)
UNPROVEN = ErrorEntry(message="it is not as it should be afterwards: index public.idx_a is missing", advice="repair it")


def a_halted_rollout() -> RolloutDocument:
    """Each way in which a tenant can end is there."""
    results = [_result(place) for place in range(len(NAMES))]
    minute = timedelta(seconds=(FINISHED - STARTED).total_seconds() / 12)
    canary = a_ring(
        "canary",
        results=results,
        soaked_seconds=2.0,
        watched_seconds=3.0,
        restarts=[RestartEntry(service="agent", restarted=True)],
    ).model_copy(update={"started_at": STARTED + minute, "finished_at": STARTED + 8 * minute})
    waves = (
        a_wave(1, STARTED + 8 * minute, STARTED + 10 * minute, failed=1, unreachable=1),
        a_wave(2, STARTED + 9 * minute, FINISHED, attempts=2, failed=2),
    )
    early: RingEntry = a_ring("early", RingOutcome.HALTED, results=results, reason="2 failures, 0 allowed").model_copy(
        update={"started_at": STARTED + 8 * minute, "finished_at": FINISHED, "waves": waves}
    )
    rings = [canary, early, a_ring("main", RingOutcome.NOT_REACHED, results=results)]
    return a_rollout(*results, rings=rings, outcome="Halted", reason="ring early halted")


def _result(place: int) -> TenantResult:
    name, ring = NAMES[place], RINGS[min(2, place // 4)]
    first, second, third, *rest = MANIFEST.migrations
    there = [_step(each, StepStatus.SKIPPED, Action.SKIP) for each in (first, second)]
    if place in {5, 6}:
        steps = [*there, _step(third, StepStatus.FAILED, error=LOCKED)]
        steps += [_step(each, StepStatus.NOT_REACHED, detail=f"requires {third.version}") for each in rest]
        return a_result(name, Result.FAILED, *steps, ring=ring)
    if place == 4:
        return a_result(name, Result.UNREACHABLE, ring=ring, reason="no answer from db3.internal")
    if ring == "main":
        return a_result(name, Result.NOT_REACHED, ring=ring, reason="ring early halted")
    if place == 0:
        steps = [_step(each, StepStatus.SKIPPED, Action.SKIP) for each in MANIFEST.migrations]
        return a_result(name, Result.UNCHANGED, *steps, ring=ring)
    if place == 7:
        failed = _step(third, StepStatus.FAILED, error=UNPROVEN).model_copy(
            update={"residual": (a_difference_entry(),)}
        )
        return a_result(name, Result.FAILED, *there, failed, ring=ring)
    done = [_step(each, duration_ms=120 * (place + number)) for number, each in enumerate((third, *rest), start=1)]
    counts = [a_pair(a_count(1200, table="ai_messages"), a_count(1214, table="ai_messages"), table="ai_messages")]
    return a_result(name, Result.DONE, *there, *done, ring=ring, counts=counts, seeds=[a_seed_step(rows_added=14)])


def _step(
    migration: Migration,
    status: StepStatus = StepStatus.DONE,
    action: Action = Action.APPLY,
    *,
    detail: str | None = None,
    error: ErrorEntry | None = None,
    duration_ms: int | None = None,
) -> MigrationStep:
    return MigrationStep(
        version=migration.version,
        file=migration.file,
        priority=migration.priority,
        action=action,
        status=status,
        detail=detail,
        error=error,
        duration_ms=duration_ms,
    )
