"""The repair document: what was run in chosen tenants to put them right, as JSON for other programs."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from pgfleet.catalog.differences import without_implied
from pgfleet.errors import NotProven, PgfleetError
from pgfleet.judge.document import DifferenceEntry, SkippedEntry
from pgfleet.judge.entry import Entry
from pgfleet.judge.tenant import difference_entry, why_unreachable
from pgfleet.repair.plan import RepairPlan
from pgfleet.rollout.advice import describe
from pgfleet.rollout.document import ErrorEntry
from pgfleet.rollout.repairable import BeyondEntry
from pgfleet.unreachable import Unreachable

SCHEMA_VERSION = 1
SHARED_DONE_BEFORE = "what it shares with other tenants of its database was repaired through one of them"
DONE_BEFORE = "an earlier try of this run had committed it, and lost its connection before it was told so"
NOT_PROVEN = "the repair does not do what it was made for: put it right by hand, and please report it"


class RepairMode(StrEnum):
    """How far a repair goes."""

    PLAN = "plan"
    """It is found out what would be run."""
    REHEARSE = "rehearse"
    """All of it is run, and rolled back."""
    REPAIR = "repair"


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
    NOT_REACHED = "not_reached"
    """It was not begun: what was agreed to is no longer what would be run."""


class StatementEntry(Entry):
    """One statement that was run, and what it does to a table in use."""

    sql: str
    hazards: tuple[str, ...] = ()


class TenantRepair(Entry):
    """One tenant: migrations run again, then statements; `left` needs a person; `residual` is why it was not proven.

    `digest` identifies exactly what was run, `own_digest` what of it is for the tenant's own objects alone. `beyond`
    are migrations that are not applied for another reason than a difference. `detail` says more of the result where
    there is more to say.
    """

    name: str
    ring: str
    result: RepairResult
    detail: str | None = None
    unreachable_because: Unreachable | None = None
    digest: str | None = None
    versions: tuple[str, ...] = ()
    statements: tuple[StatementEntry, ...] = ()
    repaired: tuple[DifferenceEntry, ...] = ()
    left: tuple[DifferenceEntry, ...] = ()
    beyond: tuple[BeyondEntry, ...] = ()
    residual: tuple[DifferenceEntry, ...] = ()
    duration_ms: int | None = None
    error: ErrorEntry | None = None
    own_digest: str | None = None


class RepairDocument(Entry):
    """The outcome of one repair or its rehearsal; `reason` says why nothing was done."""

    schema_version: int = SCHEMA_VERSION
    environment: str
    run_id: str
    digest: str
    rehearsal: bool
    outcome: str
    reason: str | None = None
    started_at: datetime
    finished_at: datetime
    summary: dict[str, int]
    tenants: tuple[TenantRepair, ...]
    skipped: tuple[SkippedEntry, ...] = ()


def tenant_repair(
    name: str, ring: str, home: str, plan: RepairPlan, digest: str, beyond: tuple[BeyondEntry, ...] = ()
) -> TenantRepair:
    """What came of a plan that was carried out, or of one in which nothing is to be done."""
    return TenantRepair(
        name=name,
        ring=ring,
        result=RepairResult.REPAIRED if plan.changes else RepairResult.UNCHANGED,
        digest=digest,
        versions=plan.versions,
        statements=tuple(StatementEntry(sql=each.text, hazards=each.hazards) for each in plan.statements),
        repaired=tuple(difference_entry(each, home) for each in without_implied(plan.targets)),
        left=tuple(difference_entry(each, home, repair) for each, repair in plan.left),
        beyond=beyond,
    )


def done_before(found: TenantRepair) -> TenantRepair:
    """What came of a repair that an earlier try of the same run had committed already."""
    return found.model_copy(update={"result": RepairResult.REPAIRED, "detail": DONE_BEFORE})


def shared_done_before(found: TenantRepair) -> TenantRepair:
    """The same, where what it shares with other tenants of its database was repaired through one of them."""
    return found.model_copy(update={"detail": SHARED_DONE_BEFORE})


def failed_repair(
    name: str,
    ring: str,
    error: PgfleetError,
    found: TenantRepair | None = None,
    residual: Sequence[DifferenceEntry] = (),
) -> TenantRepair:
    """What came of a repair that ended with the error; `found` is what was to be done, if it got so far."""
    because = why_unreachable(error)
    result = RepairResult.UNREACHABLE if because else RepairResult.FAILED
    before = found or TenantRepair(name=name, ring=ring, result=result)
    said = describe(error)
    if isinstance(error, NotProven):
        said = said.model_copy(update={"advice": NOT_PROVEN})
    changes = {"result": result, "unreachable_because": because, "error": said}
    return before.model_copy(update={**changes, "residual": tuple(residual), "repaired": ()})


def not_reached(planned: TenantRepair) -> TenantRepair:
    """What there is to say of a tenant whose planned repair was not begun."""
    if planned.error:
        return planned
    return planned.model_copy(update={"result": RepairResult.NOT_REACHED, "repaired": ()})


def digest_of(tenants: Iterable[TenantRepair]) -> str:
    """One digest of what is run in several tenants."""
    text = "\n".join(f"{each.name} {each.digest or ''}" for each in sorted(tenants, key=lambda each: each.name))
    return hashlib.sha256(text.encode()).hexdigest()
