"""The repair document, and the outcome and exit status of a repair."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from pgfleet.documents.audit import SkippedEntry
from pgfleet.documents.findings import MigrationStatus
from pgfleet.documents.repair import RepairDocument, RepairResult, TenantRepair
from pgfleet.judge import summary
from pgfleet.rollout.repair_results import digest_of


class RepairOutcome(StrEnum):
    """The outcome of a repair; also the name of the flow run's final state."""

    COMPLETED = "Completed"
    """Nothing remains to be repaired."""
    DRY_RUN = "Dry run"
    """A dry run that would repair everything; all changes were rolled back."""
    FAILED = "Failed"
    """A tenant could not be repaired, or a difference remains for a person."""
    INCOMPLETE = "Incomplete"
    """A tenant could not be inspected."""
    FAILED_INCOMPLETE = "Failed, incomplete"
    """Both."""
    REFUSED = "Refused"
    """The repair differs from the approved one: nothing was changed."""


EXIT_STATUS = {
    RepairOutcome.COMPLETED: 0,
    RepairOutcome.DRY_RUN: 1,
    RepairOutcome.FAILED: 1,
    RepairOutcome.REFUSED: 1,
    RepairOutcome.INCOMPLETE: 3,
    RepairOutcome.FAILED_INCOMPLETE: 3,
}
ORDER = (
    RepairResult.REPAIRED,
    RepairResult.UNCHANGED,
    RepairResult.FAILED,
    RepairResult.NOT_REACHED,
    RepairResult.UNREACHABLE,
)


def build_repair_document(
    environment: str,
    run_id: str,
    tenants: Iterable[TenantRepair],
    skipped: Sequence[SkippedEntry] = (),
    *,
    dry_run: bool,
    started_at: datetime,
    finished_at: datetime,
    reason: str | None = None,
) -> RepairDocument:
    """The repair document; the digest covers what ran in all tenants. `reason` says why the repair was refused."""
    found = tuple(tenants)
    counts = {str(result): sum(each.result is result for each in found) for result in ORDER}
    return RepairDocument(
        environment=environment,
        run_id=run_id,
        digest=digest_of(found),
        dry_run=dry_run,
        outcome=RepairOutcome.REFUSED if reason else outcome_of(found, dry_run=dry_run),
        reason=reason,
        started_at=started_at,
        finished_at=finished_at,
        summary={"tenants": len(found), **counts, "skipped": len(skipped)},
        tenants=found,
        skipped=tuple(skipped),
    )


def outcome_of(tenants: Iterable[TenantRepair], *, dry_run: bool) -> RepairOutcome:
    """Failed also says whether that is all. A dry run with nothing to do is completed."""
    found = tuple(tenants)
    unseen = [each for each in found if each.result is RepairResult.UNREACHABLE or _is_unknown(each)]
    results = {each.result for each in found if each not in unseen}
    if RepairResult.FAILED in results or any(map(needs_person, found)):
        return RepairOutcome.FAILED_INCOMPLETE if unseen else RepairOutcome.FAILED
    if unseen:
        return RepairOutcome.INCOMPLETE
    is_dry_run = dry_run and RepairResult.REPAIRED in results
    return RepairOutcome.DRY_RUN if is_dry_run else RepairOutcome.COMPLETED


def exit_status(document: RepairDocument) -> int:
    """0 if nothing remains; 1 after a failure or a dry run, or if a person is needed; 3 if incomplete."""
    return EXIT_STATUS[RepairOutcome(document.outcome)]


def needs_person(tenant: TenantRepair) -> bool:
    """Whether a person is needed: a difference remains, or a check fails without a difference."""
    return bool(tenant.remaining) or any(each.status is MigrationStatus.DRIFTED for each in tenant.not_repairable)


def format_summary(document: RepairDocument) -> str:
    """`2 tenants: 1 repaired, 1 failed`; results without tenants are omitted."""
    words = {"repaired": "would be repaired"} if document.dry_run else {}
    return summary.format_summary({words.get(word, word): count for word, count in document.summary.items()})


def worst_first(tenants: Iterable[TenantRepair]) -> tuple[TenantRepair, ...]:
    """By result (failed, unreachable, repaired, unchanged), then by name."""
    order = list(RepairResult)
    return tuple(sorted(tenants, key=lambda each: (order.index(each.result), each.name)))


def _is_unknown(tenant: TenantRepair) -> bool:
    """Whether nothing could be planned, or a migration could not be judged."""
    is_unplanned = tenant.error is not None and tenant.digest is None
    return is_unplanned or any(each.status is MigrationStatus.UNKNOWN for each in tenant.not_repairable)
