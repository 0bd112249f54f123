"""An audit's figures for Prometheus: a text file for a node exporter's textfile collector.

All metrics are gauges without timestamps, so the text is valid both as OpenMetrics 1.0 and in the older exposition
format, to which the last line is a comment. Every audit writes the same series, zeros included, so that none disappears
while a rule waits for it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from pgfleet.catalog.objects import Change, ObjectKind
from pgfleet.documents.audit import AuditDocument, DifferenceEntry, MigrationStatus, Verdict
from pgfleet.hidden_characters import show_hidden
from pgfleet.manifest.model import Manifest

Labels = tuple[tuple[str, str], ...]
NO_LABELS: Labels = ()


def audit_metrics(document: AuditDocument, manifest: Manifest) -> str:
    """The text, ready to be stored as a `.prom` file."""
    environment = ("environment", document.environment)
    lines = (
        line
        for name, meaning, samples in _metrics(document, manifest)
        for line in _lines(name, meaning, environment, samples)
    )
    return "".join([*lines, "# EOF\n"])


def _metrics(document: AuditDocument, manifest: Manifest) -> Iterator[tuple[str, str, Mapping[Labels, float]]]:
    """Each metric's name, meaning, and value by labels."""
    verdicts = Counter(each.verdict for each in document.tenants)
    samples: dict[Labels, float] = {(("verdict", each),): verdicts[each] for each in Verdict}
    yield "pgfleet_tenants", "Tenants with this verdict in the last audit.", samples
    yield "pgfleet_skipped_tenants", "Tenants that the last audit skipped.", {NO_LABELS: len(document.skipped)}
    yield "pgfleet_migrations", "Tenants with this migration in this state.", _migrations(document, manifest)
    meaning = "Objects that are missing, changed or unexpected and not accepted, in all tenants together."
    yield "pgfleet_differences", meaning, _differences(document)
    accepted = sum(1 for each in _all_differences(document) if each.accepted)
    yield "pgfleet_accepted_differences", "Differences that the fleet file accepts.", {NO_LABELS: accepted}
    meaning = "Tenants in which some statement of this consumer would fail."
    yield "pgfleet_broken_contracts", meaning, _contracts(document, manifest)
    meaning = "Rows that counted tables lost since the previous audit, in tenants that lost more than is allowed."
    yield "pgfleet_lost_rows", meaning, _lost_rows(document, manifest)
    if since := document.since:
        yield "pgfleet_new_findings", "Findings that the previous audit did not have.", {NO_LABELS: len(since.new)}
        resolved = len(since.resolved)
        yield "pgfleet_resolved_findings", "Findings that only the previous audit had.", {NO_LABELS: resolved}
    started, finished = document.started_at.timestamp(), document.finished_at.timestamp()
    yield "pgfleet_audit_started_timestamp_seconds", "When the last audit began, in Unix time.", {NO_LABELS: started}
    yield "pgfleet_audit_finished_timestamp_seconds", "When the last audit ended, in Unix time.", {NO_LABELS: finished}


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
