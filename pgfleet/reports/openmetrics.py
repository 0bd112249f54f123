"""What an audit found as figures for Prometheus: a text file that a node exporter takes up.

All metrics are gauges without timestamps, so that the text is at once OpenMetrics 1.0 and the older exposition format,
which is what the exporter's textfile collector parses: to that one the last line is a comment. Each audit writes the
same series with zeros, so that none vanishes where a rule would wait for it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pgfleet.catalog.objects import Change, ObjectKind
from pgfleet.documents.audit import AuditDocument, DifferenceEntry, MigrationStatus, Verdict
from pgfleet.manifest.model import Manifest, Priority

CHANGES = (*Change, "unexpected")
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One metric: its name, what it says, and a figure for each set of labels."""

    name: str
    means: str
    samples: tuple[tuple[Labels, float], ...]


def audit_metrics(document: AuditDocument, manifest: Manifest) -> str:
    """The text, ready to be kept as a `.prom` file of its own."""
    environment = ("environment", document.environment)
    return "".join([*(line for each in _families(document, manifest) for line in _lines(each, environment)), "# EOF\n"])


def _families(document: AuditDocument, manifest: Manifest) -> Iterator[Family]:
    yield _tenants(document)
    yield _single("pgfleet_skipped_tenants", "Tenants that were left out of the last audit.", len(document.skipped))
    yield _migrations(document, manifest)
    yield _differences(document)
    accepted = sum(1 for each in _all_differences(document) if each.accepted)
    yield _single("pgfleet_accepted_differences", "Differences that the fleet file accepts.", accepted)
    yield _contracts(document, manifest)
    yield _lost_rows(document, manifest)
    if document.since:
        new, resolved = len(document.since.new), len(document.since.resolved)
        yield _single("pgfleet_new_findings", "Findings that the audit before the last one did not have.", new)
        yield _single("pgfleet_resolved_findings", "Findings that only the audit before the last one had.", resolved)
    started, finished = document.started_at.timestamp(), document.finished_at.timestamp()
    yield _single("pgfleet_audit_started_timestamp_seconds", "When the last audit began, in Unix time.", started)
    yield _single("pgfleet_audit_finished_timestamp_seconds", "When the last audit ended, in Unix time.", finished)


def _tenants(document: AuditDocument) -> Family:
    tally = Counter(each.verdict for each in document.tenants)
    samples = tuple(((("verdict", str(each)),), float(tally[each])) for each in Verdict)
    return Family(name="pgfleet_tenants", means="Tenants with this verdict in the last audit.", samples=samples)


def _migrations(document: AuditDocument, manifest: Manifest) -> Family:
    tally = Counter((each.version, each.status) for tenant in document.tenants for each in tenant.migrations)
    samples = tuple(
        ((*_named("version", each.version, each.priority), ("status", str(status))), float(tally[each.version, status]))
        for each in manifest.migrations
        for status in MigrationStatus
    )
    return Family(name="pgfleet_migrations", means="Tenants with this migration in this state.", samples=samples)


def _differences(document: AuditDocument) -> Family:
    tally = Counter((each.kind, each.change) for each in _all_differences(document) if not each.accepted)
    tally.update((each.kind, "unexpected") for tenant in document.tenants for each in tenant.unexpected)
    known = [(str(kind), str(change)) for kind in ObjectKind for change in CHANGES]
    samples = tuple(
        ((("kind", kind), ("change", change)), float(tally[kind, change]))
        for kind, change in dict.fromkeys((*known, *tally))
    )
    means = "Objects that are missing, changed or unexpected and not accepted, in all tenants together."
    return Family(name="pgfleet_differences", means=means, samples=samples)


def _contracts(document: AuditDocument, manifest: Manifest) -> Family:
    broken = (each for tenant in document.tenants for each in tenant.contracts if each.works is False)
    tally = Counter(each.consumer for each in broken)
    samples = tuple(
        (_named("consumer", each.consumer, each.priority), float(tally[each.consumer])) for each in manifest.contracts
    )
    means = "Tenants in which some statement of this consumer would not work."
    return Family(name="pgfleet_broken_contracts", means=means, samples=samples)


def _lost_rows(document: AuditDocument, manifest: Manifest) -> Family:
    tally = Counter({each.table: 0 for each in manifest.counts})
    for loss in (each for tenant in document.tenants for each in tenant.losses):
        tally[loss.table] += loss.before - loss.now
    means = "Rows that counted tables lost since the audit before, in tenants that lost more than is allowed."
    samples = tuple(((("table", table),), float(rows)) for table, rows in tally.items())
    return Family(name="pgfleet_lost_rows", means=means, samples=samples)


def _named(label: str, name: str, priority: Priority) -> Labels:
    return ((label, name), ("priority", str(priority)))


def _single(name: str, means: str, value: float) -> Family:
    return Family(name=name, means=means, samples=(((), float(value)),))


def _all_differences(document: AuditDocument) -> Iterator[DifferenceEntry]:
    return (each for tenant in document.tenants for migration in tenant.migrations for each in migration.differences)


def _lines(family: Family, environment: tuple[str, str]) -> Iterator[str]:
    yield f"# HELP {family.name} {family.means}\n# TYPE {family.name} gauge\n"
    for labels, value in family.samples:
        yield f"{family.name}{{{_labelled((environment, *labels))}}} {value!r}\n"


def _labelled(labels: Iterable[tuple[str, str]]) -> str:
    return ",".join(f'{name}="{_quoted(value)}"' for name, value in labels)


def _quoted(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
