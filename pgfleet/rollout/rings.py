"""The result of a ring, after its tenants and after its soak."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from pgfleet.documents.audit import TenantEntry, Verdict
from pgfleet.documents.findings import DifferenceEntry, MigrationEntry, MigrationStatus
from pgfleet.documents.plan import RUNS, Action, TenantPlan
from pgfleet.documents.repair import RepairResult
from pgfleet.documents.ring import RingEntry, RingOutcome, WatchEntry, WaveEntry
from pgfleet.documents.rollout import SUCCEEDED, TenantResult
from pgfleet.rollout.failures import FAULTY, count_failures, group_failures
from pgfleet.rollout.summary import has_remaining_drift, summarize
from pgfleet.wording import plural


def finish_ring(
    name: str, budget: int, results: Sequence[TenantResult], waves: Sequence[WaveEntry], *, dry_run: bool
) -> RingEntry:
    """The entry of a ring whose tenants are done. A dry run never halts."""
    failures = count_failures(results)
    is_halted = failures > budget and not dry_run
    return RingEntry(
        name=name,
        outcome=RingOutcome.HALTED if is_halted else RingOutcome.COMPLETED,
        reason=f"{plural(failures, 'failure')}, {budget} allowed" if is_halted else None,
        budget=budget,
        findings=sum(has_remaining_drift(each) for each in results if each.result in SUCCEEDED),
        tenants=summarize(results),
        waves=tuple(waves),
        failures=group_failures(results),
    )


def skip_ring(name: str, budget: int, results: Sequence[TenantResult]) -> RingEntry:
    """The entry of a ring that was not started because an earlier one halted."""
    return RingEntry(name=name, outcome=RingOutcome.NOT_REACHED, budget=budget, tenants=summarize(results))


def halt_ring(ring: RingEntry, reason: str) -> RingEntry:
    """The ring, halted after all its tenants were done."""
    return ring.model_copy(update={"outcome": RingOutcome.HALTED, "reason": reason})


def time_ring(ring: RingEntry, started_at: datetime, finished_at: datetime) -> RingEntry:
    """The ring with its start and end times."""
    return ring.model_copy(update={"started_at": started_at, "finished_at": finished_at})


def has_changed(results: Iterable[TenantResult]) -> bool:
    """Whether a migration, seed, or repair changed any tenant; a ledger entry alone does not count."""
    return any(
        (result.repair is not None and result.repair.result is RepairResult.REPAIRED)
        or any(each.status == "done" and each.action in {*RUNS, Action.REVERT} for each in result.migrations)
        or any(each.status == "done" for each in result.seeds)
        for result in results
    )


def watch_halt_reason(ring: RingEntry, results: Iterable[TenantResult], watched: Iterable[WatchEntry]) -> str | None:
    """Why the watch halts the rollout, or None; tenants with findings count as failed."""
    failed = {each.name for each in results if each.result in FAULTY}
    found = {each.tenant for each in watched if each.is_finding}
    if found and len(failed | found) > ring.budget:
        return f"the watch found tasks that are not taken in {', '.join(sorted(found))}"
    return None


def find_unsettled(
    results: Iterable[TenantResult], plans: Iterable[TenantPlan], entries: Iterable[TenantEntry]
) -> list[str]:
    """The tenants that were as planned after the ring and are not after its soak, with what is wrong.

    Drift that the ring left as it is does not count. What was reverted must be pending.
    """
    planned = {each.name: {one.version: one.action for one in each.migrations} for each in plans}
    was_ready = {each.name: {_key(one) for one in each.remaining} for each in results if each.result in SUCCEEDED}
    unsettled = []
    for entry in entries:
        wrong = [
            f"{each.version} {each.status}"
            for each in entry.migrations
            if not each.accepted
            and not _is_settled(each.status, planned.get(entry.name, {}).get(each.version))
            and not _is_known(each, was_ready.get(entry.name, set()))
        ]
        if entry.name in was_ready and (wrong or entry.verdict in {Verdict.UNREACHABLE, Verdict.UNKNOWN}):
            unsettled.append(f"{entry.name} ({', '.join(wrong) or entry.reason or entry.verdict})")
    return unsettled


def _is_settled(status: MigrationStatus, action: Action | None) -> bool:
    """Whether a migration is as this action leaves it; None if the plan did not contain it."""
    if action in {None, Action.LEAVE}:
        return True
    return status is (MigrationStatus.PENDING if action is Action.REVERT else MigrationStatus.APPLIED)


def _is_known(migration: MigrationEntry, remaining: Collection[tuple[str, str]]) -> bool:
    """Whether the migration's drift is what the ring left."""
    return bool(migration.differences) and all(_key(each) in remaining for each in migration.differences)


def _key(difference: DifferenceEntry) -> tuple[str, str]:
    return difference.kind, difference.identity
