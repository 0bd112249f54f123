"""Do the services use a tenant's tables after a ring? Decided from two observations of each watched table."""

from collections.abc import Iterable
from dataclasses import dataclass

from pgfleet.documents.ring import WatchEntry
from pgfleet.manifest.model import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityObservation:
    """One watched table: overdue and taken tasks, and PostgreSQL's counters; None if not read.

    `fault` says why the table could not be read.
    """

    watch: str
    overdue: int | None = None
    taken: int | None = None
    updates: int | None = None
    scans: int | None = None
    fault: str | None = None


def judge_watch(
    watch: Watch, before: ActivityObservation, after: ActivityObservation, *, tenant: str, seconds: float
) -> WatchEntry:
    """The entry of a watched table: a finding if tasks are overdue and none was taken, otherwise a note."""
    fault = before.fault or after.fault
    updates, scans = _moved(before.updates, after.updates), _moved(before.scans, after.scans)
    is_active = bool(after.taken or updates)
    is_finding = watch.is_queue and not fault and bool(after.overdue) and not is_active
    return WatchEntry(
        tenant=tenant,
        watch=watch.name,
        table=watch.table,
        overdue=after.overdue,
        taken=after.taken,
        updates=updates,
        scans=scans,
        is_finding=is_finding,
        detail=f"could not be watched: {fault}" if fault else _detail(watch, after, updates, scans, seconds),
    )


def unwatched_entries(watches: Iterable[Watch], tenant: str, reason: str, *, seconds: float) -> tuple[WatchEntry, ...]:
    """The entries of a tenant's watched tables that could not be read because of `reason`."""
    return tuple(
        judge_watch(
            watch,
            ActivityObservation(watch=watch.name, fault=reason),
            ActivityObservation(watch=watch.name, fault=reason),
            tenant=tenant,
            seconds=seconds,
        )
        for watch in watches
    )


def _moved(before: int | None, after: int | None) -> int | None:
    """The increase of a counter; None if it was not read or was reset in between."""
    return None if before is None or after is None or after < before else after - before


def _detail(watch: Watch, after: ActivityObservation, updates: int | None, scans: int | None, seconds: float) -> str:
    if not watch.is_queue:
        if scans is None:
            return "unknown: its counters were reset or are missing"
        return f"read {scans} times in {seconds:g} s" if scans else f"not read in {seconds:g} s"
    overdue = f"{after.overdue} overdue" if after.overdue else "nothing overdue"
    if after.taken:
        return f"{overdue}; {after.taken} taken in {seconds:g} s"
    if updates:
        return f"{overdue}; {updates} rows changed in {seconds:g} s, none taken"
    unsure = "" if updates is not None else " (uncertain: its counters were reset)"
    return f"{overdue}; none taken in {seconds:g} s{unsure}"
