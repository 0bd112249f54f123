"""Row counts of tenants, and their document."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from pgfleet.documents.audit import SkippedEntry
from pgfleet.documents.counts import CountDocument, TenantCounts
from pgfleet.documents.findings import CountEntry
from pgfleet.judge.observations import CountObservation


def tenant_counts(name: str, ring: str, observed: Sequence[CountObservation]) -> TenantCounts:
    """One tenant's counts; `reason` names the tables that could not be counted."""
    faults = [f"{each.table} could not be counted: {each.fault}" for each in observed if each.fault]
    entries = tuple(CountEntry(table=each.table, rows=each.rows, exact=each.exact) for each in observed)
    return TenantCounts(name=name, ring=ring, reason="; ".join(faults) or None, counts=entries)


def build_count_document(
    environment: str,
    run_id: str,
    tenants: Iterable[TenantCounts],
    skipped: tuple[SkippedEntry, ...] = (),
    *,
    started_at: datetime,
    finished_at: datetime,
) -> CountDocument:
    """The count document, with its tenants in the order given."""
    found = tuple(tenants)
    uncounted = sum(each.reason is not None for each in found)
    return CountDocument(
        environment=environment,
        run_id=run_id,
        started_at=started_at,
        finished_at=finished_at,
        summary={
            "tenants": len(found),
            "counted": len(found) - uncounted,
            "uncounted": uncounted,
            "skipped": len(skipped),
        },
        tenants=found,
        skipped=skipped,
    )
