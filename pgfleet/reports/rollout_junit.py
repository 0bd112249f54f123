"""A rollout as JUnit XML: a suite per ring, and one per tenant with a case per migration."""

from collections.abc import Iterator

from pgfleet.documents.entry import ErrorEntry
from pgfleet.documents.ring import RestartEntry, RingEntry, RingOutcome
from pgfleet.documents.rollout import MigrationStep, Result, RolloutDocument, SeedStep, StepStatus, TenantResult
from pgfleet.reports.junit import Case, Ending, Suite, report
from pgfleet.reports.phrases.audit import named, sentence
from pgfleet.reports.phrases.repair import fix_of, repair_sentence
from pgfleet.reports.phrases.rollout import REASON_UNKNOWN, error_sentence, ring_sentence, subject_of
from pgfleet.rollout.summary import RolloutOutcome, worst_first

ENDING = {
    StepStatus.FAILED: Ending.FAILURE,
    StepStatus.NOT_REACHED: Ending.SKIPPED,
    StepStatus.ROLLED_BACK: Ending.SKIPPED,
    StepStatus.NOT_EXERCISED: Ending.SKIPPED,
}
"""Steps with another status pass."""
RING_ENDING = {RingOutcome.HALTED: Ending.FAILURE, RingOutcome.NOT_REACHED: Ending.SKIPPED}
TENANT_ENDING = {
    Result.FAILED: Ending.FAILURE,
    Result.UNREACHABLE: Ending.ERROR,
    Result.NOT_REACHED: Ending.SKIPPED,
}


def rollout_junit(document: RolloutDocument) -> str:
    """Failed steps are failures, tenants that could not be inspected are errors, what was not begun is skipped."""
    suites = [*_plan(document), *map(_ring, document.rings), *map(_tenant, worst_first(document.tenants))]
    title = f"pgfleet {document.what} {document.environment}"
    return report(title, suites, started_at=document.started_at, finished_at=document.finished_at)


def _plan(document: RolloutDocument) -> Iterator[Suite]:
    if document.outcome == RolloutOutcome.REFUSED:
        case = Case(name="approval", ending=Ending.FAILURE, kind="refused", message=document.reason or REASON_UNKNOWN)
        yield Suite(name="plan", cases=(case,))


def _ring(ring: RingEntry) -> Suite:
    ending = RING_ENDING.get(ring.outcome)
    own = Case(name="ring", ending=ending, kind=ring.outcome, message=ring_sentence(ring))
    found = tuple(
        Case(name=f"watch {each.watch} in {each.tenant}", ending=Ending.FAILURE, kind="watch", message=each.detail)
        for each in ring.watch
        if each.is_finding
    )
    return Suite(name=f"ring {ring.name}", cases=(own, *map(_restart, ring.restarts), *found))


def _restart(restart: RestartEntry) -> Case:
    ending = None if restart.restarted else Ending.FAILURE
    return Case(
        name=f"restart of {restart.service}",
        ending=ending,
        kind="not restarted",
        message=restart.detail or REASON_UNKNOWN,
    )


def _tenant(tenant: TenantResult) -> Suite:
    steps = [*map(_migration, tenant.migrations), *map(_seed, tenant.seeds), *_repair(tenant), *_remaining(tenant)]
    return Suite(name=tenant.name, cases=(_own_case(tenant, steps), *steps))


def _repair(tenant: TenantResult) -> Iterator[Case]:
    if tenant.repair:
        error = tenant.repair.error
        lines = (*(sentence(each) for each in tenant.repair.residual), *_advice(error))
        ending = Ending.FAILURE if error else None
        yield Case(name="repair", ending=ending, kind="failed", message=repair_sentence(tenant.repair), lines=lines)


def _remaining(tenant: TenantResult) -> Iterator[Case]:
    for each in tenant.remaining:
        name = named(each)
        yield Case(name=name, ending=Ending.FAILURE, kind="drift", message=sentence(each), lines=(fix_of(each),))


def _own_case(tenant: TenantResult, steps: list[Case]) -> Case:
    """The tenant itself, which fails where none of its steps explains its result."""
    ending = Ending.ERROR if tenant.obstacle else TENANT_ENDING.get(tenant.result)
    if ending is None or any(each.ending is ending for each in steps):
        return Case(name="tenant")
    message = error_sentence(tenant.error) if tenant.error else tenant.reason or REASON_UNKNOWN
    kind = tenant.obstacle or tenant.result
    return Case(name="tenant", ending=ending, kind=kind, message=message, lines=_advice(tenant.error))


def _migration(step: MigrationStep) -> Case:
    lines = (*(sentence(each) for each in step.residual), *_advice(step.error))
    return _step(step, step.file, lines)


def _seed(step: SeedStep) -> Case:
    return _step(step, subject_of(step), _advice(step.error))


def _step(step: MigrationStep | SeedStep, name: str, lines: tuple[str, ...]) -> Case:
    message = error_sentence(step.error) if step.error else step.detail or REASON_UNKNOWN
    seconds = (step.duration_ms or 0) / 1000
    ending = ENDING.get(step.status)
    return Case(name=name, ending=ending, kind=step.status, message=message, lines=lines, seconds=seconds)


def _advice(error: ErrorEntry | None) -> tuple[str, ...]:
    return (f"next: {error.advice}",) if error and error.advice else ()
