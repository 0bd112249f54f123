"""Literals of a rollout's values: each function fills in what a test does not care about."""

from collections.abc import Iterable
from datetime import datetime

from unit.literals import FINISHED, STARTED

from pgfleet.documents.audit import ManifestEntry, Verdict
from pgfleet.documents.counts import CountDocument, TenantCounts
from pgfleet.documents.entry import ErrorEntry
from pgfleet.documents.findings import CountEntry, DifferenceEntry
from pgfleet.documents.plan import Action, PlannedMigration, TenantPlan
from pgfleet.documents.ring import RestartEntry, RingEntry, RingOutcome, WatchEntry, WaveEntry
from pgfleet.documents.rollout import (
    CountPair,
    MigrationStep,
    Result,
    RolloutDocument,
    SeedStep,
    StepStatus,
    TenantResult,
)
from pgfleet.documents.rollout_plan import RolloutPlan
from pgfleet.manifest.model import Priority
from pgfleet.rollout.summary import summarize

RINGS = ("canary", "early", "main")
DIGEST = "fedcba9876543210" * 4


def planned(version: str, action: Action = Action.SKIP, *, altered: bool = False) -> PlannedMigration:
    return PlannedMigration(version=version, action=action, altered=altered)


def a_tenant_plan(
    name: str = "acme",
    *migrations: PlannedMigration,
    ring: str = "main",
    seeds: Iterable[str] = (),
    obstacle: Verdict | None = None,
    reason: str | None = None,
) -> TenantPlan:
    return TenantPlan(name=name, ring=ring, obstacle=obstacle, reason=reason, migrations=migrations, seeds=tuple(seeds))


def a_plan(*tenants: TenantPlan) -> RolloutPlan:
    return RolloutPlan(environment="prod", digest=DIGEST, tenants=tenants)


def a_step(
    version: str = "1",
    action: Action = Action.APPLY,
    status: StepStatus = StepStatus.DONE,
    *,
    name: str = "one",
    priority: Priority = Priority.P0,
    detail: str | None = None,
    error: ErrorEntry | None = None,
    residual: Iterable[DifferenceEntry] = (),
) -> MigrationStep:
    return MigrationStep(
        version=version,
        file=f"{version}_{name}.sql",
        priority=priority,
        action=action,
        status=status,
        detail=detail,
        error=error,
        residual=tuple(residual),
    )


def a_seed_step(
    status: StepStatus = StepStatus.DONE,
    *,
    rows_added: int | None = None,
    detail: str | None = None,
    error: ErrorEntry | None = None,
) -> SeedStep:
    return SeedStep(name="rules", status=status, rows_added=rows_added, detail=detail, error=error)


def a_count(rows: int | None, *, exact: bool = True, table: str = "one") -> CountEntry:
    return CountEntry(table=table, rows=rows, exact=exact)


def a_pair(before: CountEntry | None, after: CountEntry | None, *, table: str = "one") -> CountPair:
    return CountPair(table=table, before=before, after=after)


def a_result(
    name: str = "acme",
    result: Result = Result.DONE,
    *migrations: MigrationStep,
    ring: str = "main",
    obstacle: Verdict | None = None,
    reason: str | None = None,
    error: ErrorEntry | None = None,
    seeds: Iterable[SeedStep] = (),
    counts: Iterable[CountPair] = (),
) -> TenantResult:
    return TenantResult(
        name=name,
        ring=ring,
        result=result,
        obstacle=obstacle,
        reason=reason,
        error=error,
        migrations=migrations,
        seeds=tuple(seeds),
        counts=tuple(counts),
    )


def a_ring(
    name: str = "main",
    outcome: RingOutcome = RingOutcome.COMPLETED,
    *,
    reason: str | None = None,
    budget: int = 0,
    results: Iterable[TenantResult] = (),
    restarts: Iterable[RestartEntry] = (),
    soaked_seconds: float | None = None,
    watched_seconds: float | None = None,
    watch: Iterable[WatchEntry] = (),
) -> RingEntry:
    return RingEntry(
        name=name,
        outcome=outcome,
        reason=reason,
        budget=budget,
        tenants=summarize(each for each in results if each.ring == name),
        restarts=tuple(restarts),
        soaked_seconds=soaked_seconds,
        watched_seconds=watched_seconds,
        watch=tuple(watch),
    )


def a_wave(number: int, started_at: datetime, finished_at: datetime, *, attempts: int = 1, **ended: int) -> WaveEntry:
    """Of so many tenants as have `ended` so."""
    tenants = {**summarize([]), "tenants": sum(ended.values()), **ended}
    return WaveEntry(number=number, tenants=tenants, started_at=started_at, finished_at=finished_at, attempts=attempts)


def a_watch_entry(
    tenant: str = "acme",
    *,
    is_finding: bool = False,
    overdue: int | None = 0,
    watch: str = "queue",
    table: str = "tasks",
    detail: str = "nothing overdue; 3 taken in 30 s",
) -> WatchEntry:
    return WatchEntry(tenant=tenant, watch=watch, table=table, overdue=overdue, is_finding=is_finding, detail=detail)


def a_rollout(
    *results: TenantResult,
    rings: Iterable[RingEntry] | None = None,
    outcome: str = "Completed",
    reason: str | None = None,
    dry_run: bool = False,
) -> RolloutDocument:
    """Its rings, if none are given, are those of the results, all completed."""
    names = dict.fromkeys(each.ring for each in results)
    return RolloutDocument(
        environment="prod",
        run_id="run-7",
        plan_digest=DIGEST,
        dry_run=dry_run,
        outcome=outcome,
        reason=reason,
        started_at=STARTED,
        finished_at=FINISHED,
        manifest=ManifestEntry(checksum="0123456789abcdef" * 4, migrations=("1", "2")),
        summary=summarize(results),
        rings=tuple(rings) if rings is not None else tuple(a_ring(name, results=results) for name in names),
        tenants=results,
    )


def tenant_counts(
    name: str = "acme", *counts: CountEntry, ring: str = "main", reason: str | None = None
) -> TenantCounts:
    return TenantCounts(name=name, ring=ring, reason=reason, counts=counts or None)


def a_count_document(*tenants: TenantCounts) -> CountDocument:
    uncounted = sum(each.reason is not None for each in tenants)
    return CountDocument(
        environment="prod",
        run_id="run-7",
        started_at=STARTED,
        finished_at=FINISHED,
        summary={"tenants": len(tenants), "counted": len(tenants) - uncounted, "uncounted": uncounted},
        tenants=tenants,
    )
