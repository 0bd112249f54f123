"""One tenant's result of a repair."""

import hashlib
from collections.abc import Iterable, Sequence

from pgfleet.documents.entry import StatementEntry
from pgfleet.documents.findings import DifferenceEntry
from pgfleet.documents.repair import NotRepairableEntry, RepairResult, TenantRepair
from pgfleet.errors import NotProven, PgfleetError
from pgfleet.judge.migration import difference_entry
from pgfleet.judge.tenant import connect_failure_of, script_fault_of
from pgfleet.repair.model import Statement
from pgfleet.repair.plan import RepairPlan
from pgfleet.rollout.advice import build_error_entry

SHARED_ALREADY_REPAIRED = "the objects that it shares with other tenants were repaired through one of them"
ALREADY_REPAIRED = "an earlier attempt of this run committed the repair, then lost its connection"
NOT_PROVEN = "the generated repair does not fix this difference: fix it by hand"


def build_tenant_repair(
    name: str, ring: str, home: str, plan: RepairPlan, digest: str, not_repairable: tuple[NotRepairableEntry, ...] = ()
) -> TenantRepair:
    """The result of a plan that was executed, or that contains nothing to do."""
    return TenantRepair(
        name=name,
        ring=ring,
        result=RepairResult.REPAIRED if plan.changes else RepairResult.UNCHANGED,
        digest=digest,
        versions=plan.versions,
        statements=tuple(map(_statement_entry, plan.statements)),
        repaired=tuple(difference_entry(each, home) for each in plan.explicit),
        remaining=tuple(difference_entry(each, home, repair) for each, repair in plan.remaining),
        not_repairable=not_repairable,
    )


def mark_already_repaired(found: TenantRepair) -> TenantRepair:
    """The result of a repair that an earlier attempt of the same run committed."""
    return found.model_copy(update={"result": RepairResult.REPAIRED, "detail": ALREADY_REPAIRED})


def mark_shared_already_repaired(found: TenantRepair) -> TenantRepair:
    """The result of a repair whose shared objects were repaired through another tenant of the database."""
    return found.model_copy(update={"detail": SHARED_ALREADY_REPAIRED})


def failed_repair(
    name: str,
    ring: str,
    error: PgfleetError,
    found: TenantRepair | None = None,
    residual: Sequence[DifferenceEntry] = (),
) -> TenantRepair:
    """The result of a repair that ended with the error; `found` is the planned repair, if there was one."""
    failure = connect_failure_of(error)
    result = RepairResult.UNREACHABLE if failure else RepairResult.FAILED
    before = found or TenantRepair(name=name, ring=ring, result=result)
    entry = build_error_entry(error)
    if isinstance(error, NotProven):
        entry = entry.model_copy(update={"advice": NOT_PROVEN})
    changes = {
        "result": result,
        "unreachable_because": failure,
        "error": entry,
        "script_fault": script_fault_of(error),
    }
    return before.model_copy(update={**changes, "residual": tuple(residual), "repaired": ()})


def not_reached(planned: TenantRepair) -> TenantRepair:
    """The result of a tenant whose planned repair was not started."""
    if planned.error:
        return planned
    return planned.model_copy(update={"result": RepairResult.NOT_REACHED, "repaired": ()})


def digest_of(tenants: Iterable[TenantRepair]) -> str:
    """The digest of what runs in several tenants."""
    text = "\n".join(f"{each.name} {each.digest or ''}" for each in sorted(tenants, key=lambda each: each.name))
    return hashlib.sha256(text.encode()).hexdigest()


def _statement_entry(statement: Statement) -> StatementEntry:
    codes = tuple(dict.fromkeys(each.code for each in statement.hazards))
    return StatementEntry(sql=statement.text, hazards=statement.hazards, hazard_codes=codes)
