"""Which findings are new, persist, or are resolved since the previous audit of the environment."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from pgfleet.catalog.objects import Change, ObjectKind
from pgfleet.documents.audit import INCONCLUSIVE, AuditDocument, TenantEntry
from pgfleet.documents.audit_context import FindingEntry, Source, TrendEntry
from pgfleet.documents.findings import MigrationEntry
from pgfleet.judge.findings import (
    Finding,
    contract_finding,
    difference_finding,
    is_not_applied,
    list_findings,
    list_problems,
    migration_finding,
    tenant_finding,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousAudit:
    """The audit document to compare with, and where it was loaded from."""

    document: AuditDocument
    source: Source


def add_trend(document: AuditDocument, previous: PreviousAudit | None) -> AuditDocument:
    """The document with the time each finding was first seen, and the new and resolved findings.

    Without a previous audit, every finding is dated by this audit. A finding in a tenant that could not be judged now,
    or that is no longer in the fleet, is neither resolved nor persisting.
    """
    earlier = list_problems(previous.document) if previous else {}
    dated = _dated(document, earlier)
    return dated.model_copy(update={"since": _trend(dated, previous) if previous else None})


def restrict_to_tenants(document: AuditDocument, previous: PreviousAudit) -> PreviousAudit:
    """The previous audit, restricted to the document's tenants."""
    names = {each.name for each in document.tenants}
    kept = tuple(each for each in previous.document.tenants if each.name in names)
    return PreviousAudit(document=previous.document.model_copy(update={"tenants": kept}), source=previous.source)


def _trend(document: AuditDocument, previous: PreviousAudit) -> TrendEntry:
    before = previous.document
    now, known = list_findings(document), list_problems(before, accepted=False)
    new = [each for each in now if each not in known]
    present = {each.subject for each in list_problems(document)}
    gone = {each: since for each, since in list_findings(before).items() if each.subject not in present}
    judged, judged_before, covered = _judged(document), _judged(before), _covered(before, document)
    resolved = [each for each in gone if each.tenant in judged and each not in covered]
    return TrendEntry(
        previous_run_id=before.run_id,
        previous_finished_at=before.finished_at,
        source=previous.source,
        new=tuple(_entry(each, now[each], judged_before=each.tenant in judged_before) for each in new),
        persisting=len(now) - len(new),
        resolved=tuple(_entry(each, gone[each]) for each in resolved),
        not_judged=len(gone) - len(resolved),
    )


def _dated(document: AuditDocument, earlier: Mapping[Finding, datetime]) -> AuditDocument:
    tenants = tuple(_dated_tenant(each, earlier, document.finished_at) for each in document.tenants)
    return document.model_copy(update={"tenants": tenants})


def _dated_tenant(tenant: TenantEntry, earlier: Mapping[Finding, datetime], now: datetime) -> TenantEntry:
    migrations = tuple(_dated_migration(tenant, each, earlier, now) for each in tenant.migrations)
    contracts = tuple(
        each.model_copy(update={"since": earlier.get(contract_finding(tenant, each), now)})
        if each.works is False
        else each
        for each in tenant.contracts
    )
    since = earlier.get(tenant_finding(tenant), now) if tenant.verdict in INCONCLUSIVE else None
    return tenant.model_copy(update={"migrations": migrations, "contracts": contracts, "since": since})


def _dated_migration(
    tenant: TenantEntry, migration: MigrationEntry, earlier: Mapping[Finding, datetime], now: datetime
) -> MigrationEntry:
    differences = tuple(
        each.model_copy(update={"since": earlier.get(difference_finding(tenant, each), now)})
        for each in migration.differences
    )
    finding = migration_finding(tenant, migration, migration.status)
    since = earlier.get(finding, now) if is_not_applied(migration) else None
    return migration.model_copy(update={"differences": differences, "since": since})


def _covered(before: AuditDocument, document: AuditDocument) -> set[Finding]:
    """Findings of `before` that are no longer reported because their table is missing now."""
    gone = _missing_tables(document) - _missing_tables(before)
    where = {(tenant, version) for tenant, version, _ in gone}
    return {
        difference_finding(tenant, each)
        for tenant in before.tenants
        for migration in tenant.migrations
        if (tenant.name, migration.version) in where
        for each in migration.differences
    }


def _judged(document: AuditDocument) -> set[str]:
    return {each.name for each in document.tenants if each.verdict not in INCONCLUSIVE}


def _missing_tables(document: AuditDocument) -> set[tuple[str, str, str]]:
    """The tenant, version, and identity of every missing table."""
    return {
        (tenant.name, migration.version, each.identity)
        for tenant in document.tenants
        for migration in tenant.migrations
        for each in migration.differences
        if each.kind == ObjectKind.TABLE and each.change == Change.MISSING
    }


def _entry(finding: Finding, since: datetime, *, judged_before: bool = True) -> FindingEntry:
    return FindingEntry(**asdict(finding), since=since, judged_before=judged_before)
