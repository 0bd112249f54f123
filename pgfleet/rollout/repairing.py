"""The repair document: what was run in chosen tenants to put them right, as JSON for other programs."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from pgfleet.errors import PgfleetError
from pgfleet.judge.document import DifferenceEntry, Entry
from pgfleet.judge.tenant import UNREACHABLE, difference_entry
from pgfleet.repair.plan import RepairPlan
from pgfleet.rollout.advice import describe
from pgfleet.rollout.document import ErrorEntry

SCHEMA_VERSION = 1


class RepairResult(StrEnum):
    """What came of a repair in one tenant; the order is worst first."""

    FAILED = "failed"
    """Something of it did not work, or was not proven: the tenant is as it was."""
    UNREACHABLE = "unreachable"
    """No connection could be had."""
    REPAIRED = "repaired"
    """All of it was run, proven and committed; or rehearsed, and rolled back."""
    UNCHANGED = "unchanged"
    """There was nothing that pgfleet can put right."""


class StatementEntry(Entry):
    """One statement that was run, and what it does to a table in use."""

    sql: str
    hazards: tuple[str, ...] = ()


class TenantRepair(Entry):
    """One tenant: migrations run again, then statements; `left` needs a person; `residual` is why it was not proven.

    `digest` identifies exactly what was run.
    """

    name: str
    ring: str
    result: RepairResult
    digest: str | None = None
    versions: tuple[str, ...] = ()
    statements: tuple[StatementEntry, ...] = ()
    repaired: tuple[DifferenceEntry, ...] = ()
    left: tuple[DifferenceEntry, ...] = ()
    residual: tuple[DifferenceEntry, ...] = ()
    duration_ms: int | None = None
    error: ErrorEntry | None = None


class RepairDocument(Entry):
    """The outcome of one repair or its rehearsal."""

    schema_version: int = SCHEMA_VERSION
    environment: str
    run_id: str
    digest: str
    rehearsal: bool
    started_at: datetime
    finished_at: datetime
    summary: dict[str, int]
    tenants: tuple[TenantRepair, ...]


def tenant_repair(name: str, ring: str, home: str, plan: RepairPlan, digest: str) -> TenantRepair:
    """What came of a plan that was carried out, or of one in which nothing is to be done."""
    return TenantRepair(
        name=name,
        ring=ring,
        result=RepairResult.REPAIRED if plan.changes else RepairResult.UNCHANGED,
        digest=digest,
        versions=plan.versions,
        statements=tuple(StatementEntry(sql=each.text, hazards=each.hazards) for each in plan.statements),
        repaired=tuple(difference_entry(each, home) for each in plan.targets),
        left=tuple(difference_entry(each, home, repair) for each, repair in plan.left),
    )


def failed_repair(
    name: str,
    ring: str,
    error: PgfleetError,
    found: TenantRepair | None = None,
    residual: Sequence[DifferenceEntry] = (),
) -> TenantRepair:
    """What came of a repair that ended with the error; `found` is what was to be done, if it got so far."""
    result = RepairResult.UNREACHABLE if isinstance(error, UNREACHABLE) else RepairResult.FAILED
    before = found or TenantRepair(name=name, ring=ring, result=result)
    changes = {"result": result, "error": describe(error), "residual": tuple(residual), "repaired": ()}
    return before.model_copy(update=changes)


def build_repair_document(
    environment: str,
    run_id: str,
    tenants: Iterable[TenantRepair],
    *,
    rehearsal: bool,
    started_at: datetime,
    finished_at: datetime,
) -> RepairDocument:
    """The repair document; its digest is that of what was run in all its tenants."""
    found = tuple(tenants)
    summary = {str(result): sum(each.result is result for each in found) for result in RepairResult}
    return RepairDocument(
        environment=environment,
        run_id=run_id,
        digest=digest_of((each.name, each.digest) for each in found),
        rehearsal=rehearsal,
        started_at=started_at,
        finished_at=finished_at,
        summary={"tenants": len(found), **summary},
        tenants=found,
    )


def digest_of(digests: Iterable[tuple[str, str | None]]) -> str:
    """One digest of what is run in several tenants."""
    text = "\n".join(f"{name} {digest or ''}" for name, digest in sorted(digests))
    return hashlib.sha256(text.encode()).hexdigest()


def exit_status(document: RepairDocument) -> int:
    """0 if nothing is left to be done, 1 if something failed, is only rehearsed or needs a person, 3 if unreachable."""
    results = {each.result for each in document.tenants}
    if RepairResult.UNREACHABLE in results:
        return 3
    is_undone = RepairResult.FAILED in results or (document.rehearsal and RepairResult.REPAIRED in results)
    return 1 if is_undone or any(each.left for each in document.tenants) else 0
