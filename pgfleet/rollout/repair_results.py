"""One tenant's result of a repair."""

import hashlib
from collections.abc import Iterable, Sequence

from pgfleet.catalog.differences import omit_implied
from pgfleet.documents.audit import DifferenceEntry
from pgfleet.documents.repair import NotRepairableEntry, RepairResult, StatementEntry, TenantRepair
from pgfleet.errors import NotProven, PgfleetError
from pgfleet.judge.migration import difference_entry
from pgfleet.judge.tenant import connect_failure_of
from pgfleet.repair.plan import RepairPlan
from pgfleet.rollout.advice import build_error_entry

SHARED_DONE_BEFORE = "what it shares with other tenants of its database was repaired through one of them"
DONE_BEFORE = "an earlier try of this run had committed it, and lost its connection before it was told so"
NOT_PROVEN = "the repair does not do what it was made for: put it right by hand, and please report it"


def build_tenant_repair(
    name: str, ring: str, home: str, plan: RepairPlan, digest: str, not_repairable: tuple[NotRepairableEntry, ...] = ()
) -> TenantRepair:
    """What came of a plan that was carried out, or of one in which nothing is to be done."""
    return TenantRepair(
        name=name,
        ring=ring,
        result=RepairResult.REPAIRED if plan.changes else RepairResult.UNCHANGED,
        digest=digest,
        versions=plan.versions,
        statements=tuple(StatementEntry(sql=each.text, hazards=each.hazards) for each in plan.statements),
        repaired=tuple(difference_entry(each, home) for each in omit_implied(plan.targets)),
        remaining=tuple(difference_entry(each, home, repair) for each, repair in plan.remaining),
        not_repairable=not_repairable,
    )


def mark_already_repaired(found: TenantRepair) -> TenantRepair:
    """What came of a repair that an earlier try of the same run had committed already."""
    return found.model_copy(update={"result": RepairResult.REPAIRED, "detail": DONE_BEFORE})


def mark_shared_already_repaired(found: TenantRepair) -> TenantRepair:
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
    because = connect_failure_of(error)
    result = RepairResult.UNREACHABLE if because else RepairResult.FAILED
    before = found or TenantRepair(name=name, ring=ring, result=result)
    said = build_error_entry(error)
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
