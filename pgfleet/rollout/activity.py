"""Are a tenant's tables used by the services, after a ring? From what moved between two readings."""

from collections.abc import Iterable
from dataclasses import dataclass

from pgfleet.documents.rollout import WatchEntry
from pgfleet.manifest.model import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityObservation:
    """What was read of one watched table: overdue and taken tasks, and PostgreSQL's counters; None where not asked.

    `fault` says why it could not be read.
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
    """A finding where tasks are overdue and none was taken; whatever else is seen, or cannot be, is a note."""
    fault = before.fault or after.fault
    updates, scans = _moved(before.updates, after.updates), _moved(before.scans, after.scans)
    is_worked_on = bool(after.taken or updates)
    is_finding = watch.is_queue and not fault and bool(after.overdue) and not is_worked_on
    return WatchEntry(
        tenant=tenant,
        watch=watch.name,
        table=watch.table,
        overdue=after.overdue,
        taken=after.taken,
        updates=updates,
        scans=scans,
        is_finding=is_finding,
        detail=f"could not be watched: {fault}" if fault else _said(watch, after, updates, scans, seconds),
    )


def unwatched_entries(watches: Iterable[Watch], tenant: str, reason: str, *, seconds: float) -> tuple[WatchEntry, ...]:
    """What there is to say of a tenant's watched tables where nobody could look at them."""
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
    """How far a counter moved; None where it was not read, or was reset meanwhile."""
    return None if before is None or after is None or after < before else after - before


def _said(watch: Watch, after: ActivityObservation, updates: int | None, scans: int | None, seconds: float) -> str:
    if not watch.is_queue:
        if scans is None:
            return "its counters were reset or are not there, so nothing can be said"
        return f"read {scans} times in {seconds:g} s" if scans else f"not read in {seconds:g} s"
    overdue = f"{after.overdue} overdue" if after.overdue else "nothing overdue"
    if after.taken:
        return f"{overdue}; {after.taken} taken in {seconds:g} s"
    if updates:
        return f"{overdue}; {updates} rows altered in {seconds:g} s, none of them taken"
    unsure = "" if updates is not None else " as far as can be said: its counters were reset"
    return f"{overdue}; none taken in {seconds:g} s{unsure}"
