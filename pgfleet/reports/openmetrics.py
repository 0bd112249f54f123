"""An audit's figures for Prometheus: a text file for a node exporter's textfile collector.

All metrics are gauges without timestamps, so the text is valid both as OpenMetrics 1.0 and in the older exposition
format, to which the last line is a comment. Every audit writes the same series, zeros included, so that none disappears
while a rule waits for it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pgfleet.catalog.objects import Change, ObjectKind
from pgfleet.documents.audit import AuditDocument, Verdict
from pgfleet.documents.findings import DifferenceEntry, MigrationStatus
from pgfleet.hidden_characters import show_hidden
from pgfleet.manifest.model import Manifest

Labels = tuple[tuple[str, str], ...]
NO_LABELS: Labels = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What a metric counts, and its labels besides `environment`."""

    meaning: str
    labels: tuple[str, ...] = ()


METRICS: Mapping[str, Metric] = {
    "pgfleet_tenants": Metric(meaning="Tenants with this verdict in the last audit.", labels=("verdict",)),
    "pgfleet_skipped_tenants": Metric(meaning="Tenants that the last audit skipped."),
    "pgfleet_migrations": Metric(
        meaning="Tenants with this migration in this state.", labels=("version", "priority", "status")
    ),
    "pgfleet_differences": Metric(
        meaning="Objects that are missing, changed or unexpected and not accepted, in all tenants together.",
        labels=("kind", "change"),
    ),
    "pgfleet_accepted_differences": Metric(meaning="Differences that the fleet file accepts."),
    "pgfleet_broken_contracts": Metric(
        meaning="Tenants in which some statement of this consumer would fail.", labels=("consumer", "priority")
    ),
    "pgfleet_lost_rows": Metric(
        meaning="Rows that counted tables lost since the previous audit, in tenants that lost more than is allowed.",
        labels=("table",),
    ),
    "pgfleet_new_findings": Metric(meaning="Findings that the previous audit did not have."),
    "pgfleet_resolved_findings": Metric(meaning="Findings that only the previous audit had."),
    "pgfleet_audit_started_timestamp_seconds": Metric(meaning="When the last audit began, in Unix time."),
    "pgfleet_audit_finished_timestamp_seconds": Metric(meaning="When the last audit ended, in Unix time."),
}
"""By name. Without a previous audit, the text has no new and no resolved findings."""


def audit_metrics(document: AuditDocument, manifest: Manifest) -> str:
    """The text, ready to be stored as a `.prom` file."""
    environment = ("environment", document.environment)
    lines = (
        line
        for name, samples in _samples(document, manifest).items()
        for line in _lines(name, METRICS[name].meaning, environment, samples)
    )
    return "".join([*lines, "# EOF\n"])


def _samples(document: AuditDocument, manifest: Manifest) -> Mapping[str, Mapping[Labels, float]]:
    """Each metric's values by their labels, under its name."""
    verdicts = Counter(each.verdict for each in document.tenants)
    since = document.since
    trend = {"new": len(since.new), "resolved": len(since.resolved)} if since else {}
    times = {"started": document.started_at, "finished": document.finished_at}
    accepted = sum(1 for each in _all_differences(document) if each.accepted)
    return {
        "pgfleet_tenants": {(("verdict", each),): verdicts[each] for each in Verdict},
        "pgfleet_skipped_tenants": {NO_LABELS: len(document.skipped)},
        "pgfleet_migrations": _migrations(document, manifest),
        "pgfleet_differences": _differences(document),
        "pgfleet_accepted_differences": {NO_LABELS: accepted},
        "pgfleet_broken_contracts": _contracts(document, manifest),
        "pgfleet_lost_rows": _lost_rows(document, manifest),
        **{f"pgfleet_{name}_findings": {NO_LABELS: count} for name, count in trend.items()},
        **{f"pgfleet_audit_{name}_timestamp_seconds": {NO_LABELS: at.timestamp()} for name, at in times.items()},
    }


def _migrations(document: AuditDocument, manifest: Manifest) -> Mapping[Labels, float]:
    tally = Counter((each.version, each.status) for tenant in document.tenants for each in tenant.migrations)
    return {
        (("version", each.version), ("priority", each.priority), ("status", status)): tally[each.version, status]
        for each in manifest.migrations
        for status in MigrationStatus
    }


def _differences(document: AuditDocument) -> Mapping[Labels, float]:
    tally = Counter((each.kind, each.change) for each in _all_differences(document) if not each.accepted)
    tally.update((each.kind, "unexpected") for tenant in document.tenants for each in tenant.unexpected)
    known = [(str(kind), str(change)) for kind in ObjectKind for change in (*Change, "unexpected")]
    return {(("kind", kind), ("change", change)): tally[kind, change] for kind, change in (*known, *tally)}


def _contracts(document: AuditDocument, manifest: Manifest) -> Mapping[Labels, float]:
    broken = (each for tenant in document.tenants for each in tenant.contracts if each.works is False)
    tally = Counter(each.consumer for each in broken)
    return {
        (("consumer", each.consumer), ("priority", each.priority)): tally[each.consumer] for each in manifest.contracts
    }


def _lost_rows(document: AuditDocument, manifest: Manifest) -> Mapping[Labels, float]:
    tally = Counter({each.table: 0 for each in manifest.counts})
    for loss in (each for tenant in document.tenants for each in tenant.losses):
        tally[loss.table] += loss.before - loss.now
    return {(("table", table),): rows for table, rows in tally.items()}


def _all_differences(document: AuditDocument) -> Iterator[DifferenceEntry]:
    return (each for tenant in document.tenants for migration in tenant.migrations for each in migration.differences)


def _lines(name: str, meaning: str, environment: tuple[str, str], samples: Mapping[Labels, float]) -> Iterator[str]:
    yield f"# HELP {name} {meaning}\n# TYPE {name} gauge\n"
    for labels, value in samples.items():
        yield f"{name}{{{_labelled((environment, *labels))}}} {float(value)!r}\n"


def _labelled(labels: Iterable[tuple[str, str]]) -> str:
    return ",".join(f'{name}="{_quoted(value)}"' for name, value in labels)


def _quoted(text: str) -> str:
    return show_hidden(text).replace("\\", r"\\").replace('"', r"\"")
