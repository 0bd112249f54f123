"""The figures for Prometheus, read by its own client's two parsers: OpenMetrics, and the format of a node exporter."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_exposition
from unit.literals import (
    FINISHED,
    STARTED,
    a_contract,
    a_contract_entry,
    a_difference_entry,
    a_document,
    a_failure,
    a_manifest,
    a_migration,
    a_migration_entry,
    a_tenant_entry,
)

from pgfleet.documents.audit import AuditDocument, SkippedEntry, Verdict
from pgfleet.documents.audit_context import AcceptedEntry, FindingEntry, LossEntry, Source, TrendEntry
from pgfleet.documents.findings import MigrationStatus, UnexpectedEntry
from pgfleet.manifest.model import Count
from pgfleet.reports.openmetrics import METRICS, audit_metrics

Parser = Callable[[str], Iterable[Metric]]
MANIFEST = a_manifest(
    a_migration("1"),
    a_migration("2", name="two"),
    counts=[Count(table="messages", may_shrink=False)],
    contracts=[a_contract("worker")],
)
DRIFTED = a_migration_entry(
    MigrationStatus.DRIFTED,
    differences=[a_difference_entry(), a_difference_entry(change="changed", actual="btree (b)")],
)
DOCUMENT = a_document(
    a_tenant_entry("acme", migrations=[a_migration_entry(), a_migration_entry(version="2")]),
    a_tenant_entry(
        "borealis",
        Verdict.BLOCKED,
        migrations=[DRIFTED, a_migration_entry(MigrationStatus.PENDING, "2")],
        unexpected=[UnexpectedEntry(kind="index", identity="public.idx_b", actual="btree (b)")],
        contracts=[a_contract_entry(a_failure())],
    ).model_copy(update={"losses": (LossEntry(table="messages", before=90, now=40, allowed=9, exact=True),)}),
    a_tenant_entry("cumulus", Verdict.UNREACHABLE, reason="no answer"),
)

SINCE = TrendEntry(
    previous_run_id="run-6",
    previous_finished_at=STARTED - timedelta(days=1),
    source=Source.PREFECT,
    new=(FindingEntry(tenant="acme", kind="index", identity="public.idx_a", change="missing", since=FINISHED),),
    persisting=2,
    resolved=(),
    not_judged=0,
)


def read(document: AuditDocument, parse: Parser = read_openmetrics) -> dict[str, dict[tuple[str, ...], float]]:
    """Each metric's values, by the values of its labels other than the environment."""
    return {
        family.name: {
            tuple(value for label, value in sample.labels.items() if label != "environment"): sample.value
            for sample in family.samples
        }
        for family in parse(audit_metrics(document, MANIFEST))
    }


@pytest.mark.parametrize("parse", [read_openmetrics, read_exposition])
def test_both_parsers_read_gauges_of_the_environment_without_timestamps(parse: Parser) -> None:
    families = list(parse(audit_metrics(DOCUMENT, MANIFEST)))
    samples = [sample for family in families for sample in family.samples]
    assert len(samples) > 50
    assert {family.type for family in families} == {"gauge"}
    assert {(sample.labels["environment"], sample.timestamp) for sample in samples} == {("prod", None)}
    assert all(family.documentation for family in families)


def test_the_reference_lists_the_metrics_with_their_labels() -> None:
    text = audit_metrics(DOCUMENT.model_copy(update={"since": SINCE}), MANIFEST)
    found = {
        each.name: {label for sample in each.samples for label in sample.labels} for each in read_openmetrics(text)
    }
    assert found == {name: {"environment", *each.labels} for name, each in METRICS.items()}


def test_both_parsers_read_the_same() -> None:
    assert read(DOCUMENT, read_openmetrics) == read(DOCUMENT, read_exposition)


def test_every_verdict_has_its_tenants() -> None:
    found = read(DOCUMENT)["pgfleet_tenants"]
    assert found == {("blocked",): 1, ("unreachable",): 1, ("unknown",): 0, ("degraded",): 0, ("ready",): 1}


def test_differences_are_counted_by_kind_and_change_including_zeros() -> None:
    found = read(DOCUMENT)["pgfleet_differences"]
    assert {key: value for key, value in found.items() if value} == {
        ("index", "missing"): 1,
        ("index", "changed"): 1,
        ("index", "unexpected"): 1,
    }
    assert found["table", "missing"] == 0


def test_an_accepted_difference_is_counted_only_as_accepted() -> None:
    accepted = AcceptedEntry(owner="ana", reason="being rebuilt", until=date(2025, 12, 31))
    difference = a_difference_entry().model_copy(update={"accepted": accepted})
    migration = a_migration_entry(MigrationStatus.DRIFTED, differences=[difference])
    found = read(a_document(a_tenant_entry(migrations=[migration])))
    assert (found["pgfleet_accepted_differences"][()], found["pgfleet_differences"]["index", "missing"]) == (1, 0)


def test_migrations_contracts_lost_rows_and_skipped_tenants() -> None:
    skipped = (SkippedEntry(name="drift", reason="its state is suspended"),)
    found = read(DOCUMENT.model_copy(update={"skipped": skipped}))
    assert found["pgfleet_migrations"]["1", "P0", "applied"] == 1
    assert found["pgfleet_migrations"]["2", "P0", "pending"] == 1
    assert found["pgfleet_broken_contracts"] == {("worker", "P0"): 1}
    assert found["pgfleet_lost_rows"] == {("messages",): 50}
    assert found["pgfleet_skipped_tenants"] == {(): 1}


def test_the_time_of_the_audit_is_a_metric() -> None:
    found = read(DOCUMENT)
    assert found["pgfleet_audit_started_timestamp_seconds"][()] == STARTED.timestamp()
    assert found["pgfleet_audit_finished_timestamp_seconds"][()] == pytest.approx(FINISHED.timestamp())


def test_new_differences_are_counted_if_there_is_an_earlier_audit() -> None:
    found = read(DOCUMENT.model_copy(update={"since": SINCE}))
    assert (found["pgfleet_new_findings"][()], found["pgfleet_resolved_findings"][()]) == (1, 0)
    assert "pgfleet_new_findings" not in read(DOCUMENT)


def test_a_name_of_any_kind_is_read_back_with_line_breaks_shown() -> None:
    table = 'odd "name" \\n \\ {a="b"} \n# EOF'
    loss = LossEntry(table=table, before=2, now=1, allowed=0, exact=True)
    tenant = a_tenant_entry().model_copy(update={"losses": (loss,)})
    shown = table.replace("\n", "\\n")
    assert read(a_document(tenant))["pgfleet_lost_rows"][(shown,)] == 1
    assert read(a_document(tenant), read_exposition)["pgfleet_lost_rows"][(shown,)] == 1
