"""The audit document, and the outcome and exit status of an audit."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

from pgfleet.documents.audit import INCONCLUSIVE, AuditDocument, ManifestEntry, SkippedEntry, TenantEntry, Verdict
from pgfleet.documents.findings import MigrationStatus
from pgfleet.fleet.model import SkippedTenant
from pgfleet.manifest.model import Manifest
from pgfleet.wording import plural


class Outcome(StrEnum):
    """The outcome of an audit; also the name of the flow run's final state."""

    READY = "Ready"
    """Every tenant is ready. Prefect's state is Completed."""
    PENDING = "Pending"
    """Migrations are not applied yet, and nothing drifted."""
    DRIFTED = "Drifted"
    """Something drifted, a contract is broken, or rows were lost."""
    INCOMPLETE = "Incomplete"
    """A tenant could not be inspected, and nothing is wrong in the others."""
    PENDING_INCOMPLETE = "Pending, incomplete"
    """Both."""
    DRIFTED_INCOMPLETE = "Drifted, incomplete"
    """Both."""


EXIT_STATUS = {
    Outcome.READY: 0,
    Outcome.PENDING: 1,
    Outcome.DRIFTED: 1,
    Outcome.INCOMPLETE: 3,
    Outcome.PENDING_INCOMPLETE: 3,
    Outcome.DRIFTED_INCOMPLETE: 3,
}
NO_VERDICTS = frozenset({"tenants", "skipped"})
"""Keys of a summary that are neither a verdict nor a result."""


def build_document(
    environment: str,
    run_id: str,
    manifest: Manifest,
    tenants: Iterable[TenantEntry],
    skipped: tuple[SkippedEntry, ...] = (),
    *,
    started_at: datetime,
    finished_at: datetime,
) -> AuditDocument:
    """The audit document, with its tenants in the order given."""
    entries = tuple(tenants)
    return AuditDocument(
        environment=environment,
        run_id=run_id,
        started_at=started_at,
        finished_at=finished_at,
        manifest=manifest_entry(manifest),
        summary={**summarize(entries), "skipped": len(skipped)},
        tenants=entries,
        skipped=skipped,
    )


def manifest_entry(manifest: Manifest) -> ManifestEntry:
    """The manifest as documents identify it."""
    return ManifestEntry(
        checksum=manifest.checksum,
        migrations=manifest.versions,
        product=manifest.product,
        scripts=tuple(each.script.checksum for each in manifest.migrations),
    )


def skipped_entries(skipped: Iterable[SkippedTenant]) -> tuple[SkippedEntry, ...]:
    """The tenants that the run skipped, in inventory order."""
    return tuple(SkippedEntry(name=each.name, reason=each.reason) for each in skipped)


def summarize(tenants: Iterable[TenantEntry]) -> dict[str, int]:
    """The number of tenants, in total and by verdict."""
    tally = Counter(each.verdict for each in tenants)
    order = (Verdict.READY, Verdict.DEGRADED, Verdict.BLOCKED, Verdict.UNREACHABLE, Verdict.UNKNOWN)
    return {"tenants": tally.total(), **{str(verdict): tally[verdict] for verdict in order}}


def outcome_of(tenants: Iterable[TenantEntry]) -> Outcome:
    """What was found, drift before pending migrations, and whether that is all. No tenants is ready."""
    entries = tuple(tenants)
    is_incomplete = any(each.verdict in INCONCLUSIVE for each in entries)
    if any(map(_has_drift, entries)):
        return Outcome.DRIFTED_INCOMPLETE if is_incomplete else Outcome.DRIFTED
    if any(each.verdict in {Verdict.BLOCKED, Verdict.DEGRADED} for each in entries):
        return Outcome.PENDING_INCOMPLETE if is_incomplete else Outcome.PENDING
    return Outcome.INCOMPLETE if is_incomplete else Outcome.READY


def _has_drift(tenant: TenantEntry) -> bool:
    is_drifted = any(each.status is MigrationStatus.DRIFTED and not each.accepted for each in tenant.migrations)
    return is_drifted or bool(tenant.losses) or any(each.works is False for each in tenant.contracts)


def format_summary(summary: Mapping[str, int]) -> str:
    """`12 tenants: 4 ready, 7 blocked, 1 unreachable`; verdicts or results without tenants are omitted."""
    counted = {word: count for word, count in summary.items() if word not in NO_VERDICTS and count}
    parts = [f"{count} {word.replace('_', ' ')}" for word, count in counted.items()]
    return f"{tenant_count(summary['tenants'])}: {', '.join(parts)}" if parts else "no tenants"


def tenant_count(tenants: int) -> str:
    """`1 tenant`, `12 tenants`."""
    return plural(tenants, "tenant")


def worst_first(tenants: Iterable[TenantEntry]) -> tuple[TenantEntry, ...]:
    """By verdict (blocked, unreachable, unknown, degraded, ready), then tenants with row losses first, then by name."""
    order = list(Verdict)
    return tuple(sorted(tenants, key=lambda each: (order.index(each.verdict), not each.losses, each.name)))
