"""Literals of a repair's values: each function fills in what a test does not care about."""

from collections.abc import Iterable, Sequence

from unit.literals import FINISHED, STARTED

from pgfleet.documents.audit import SkippedEntry
from pgfleet.documents.entry import ErrorEntry, StatementEntry
from pgfleet.documents.findings import DifferenceEntry, MigrationStatus, RepairEntry
from pgfleet.documents.repair import NotRepairableEntry, RepairDocument, RepairResult, TenantRepair
from pgfleet.repair.model import Hazard, Strategy
from pgfleet.rollout.repair_summary import build_repair_document

RERUN = RepairEntry(way=Strategy.RERUN, version="1")
GONE = RepairEntry(way=Strategy.BY_HAND, reason="the table is gone with its rows")
ALTER = RepairEntry(
    way=Strategy.SQL,
    statements=("ALTER TABLE a ALTER COLUMN b TYPE text",),
    hazards=(Hazard.ACCESS_EXCLUSIVE, Hazard.MAY_FAIL),
)
ALONG = RepairEntry(way=Strategy.SQL, reason="view v is made anew with it")


def a_difference(
    name: str = "idx_a", repair: RepairEntry | None = None, *, kind: str = "index", change: str = "missing"
) -> DifferenceEntry:
    actual = None if change == "missing" else "other"
    return DifferenceEntry(
        kind=kind, identity=f"public.{name}", change=change, expected="wanted", actual=actual, repair=repair
    )


def a_repair(
    name: str = "acme",
    result: RepairResult = RepairResult.REPAIRED,
    *,
    versions: Iterable[str] = (),
    statements: Iterable[str] = (),
    repaired: Iterable[DifferenceEntry] = (),
    remaining: Iterable[DifferenceEntry] = (),
    not_repairable: Iterable[NotRepairableEntry] = (),
    error: ErrorEntry | None = None,
    digest: str | None = "sum",
) -> TenantRepair:
    return TenantRepair(
        name=name,
        ring="main",
        result=result,
        digest=digest,
        versions=tuple(versions),
        statements=tuple(StatementEntry(sql=each, hazards=(Hazard.ACCESS_EXCLUSIVE,)) for each in statements),
        repaired=tuple(repaired),
        remaining=tuple(remaining),
        not_repairable=tuple(not_repairable),
        error=error,
    )


def beyond(status: MigrationStatus, reason: str = "check 'rows': found 3") -> NotRepairableEntry:
    return NotRepairableEntry(version="1", file="1_one.sql", status=status, reason=reason)


def a_repair_document(
    *tenants: TenantRepair, dry_run: bool = False, reason: str | None = None, skipped: Sequence[SkippedEntry] = ()
) -> RepairDocument:
    times = {"started_at": STARTED, "finished_at": FINISHED}
    return build_repair_document("prod", "run-7", tenants, skipped, dry_run=dry_run, reason=reason, **times)
