"""The JUnit reports, read by a parser of such reports."""

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped, SystemOut, TestCase, TestSuite
from unit.literals import (
    a_contract_entry,
    a_difference_entry,
    a_document,
    a_failure,
    a_manifest,
    a_migration,
    a_migration_entry,
    a_tenant_entry,
)
from unit.rollout_literals import a_result, a_ring, a_rollout, a_seed_step, a_step

from pgfleet.documents.audit import AuditDocument, SkippedEntry, TenantEntry, Verdict
from pgfleet.documents.audit_context import AcceptedEntry, LossEntry
from pgfleet.documents.entry import ErrorEntry
from pgfleet.documents.findings import CheckEntry, MigrationStatus, UnexpectedEntry
from pgfleet.documents.ring import RestartEntry, RingOutcome
from pgfleet.documents.rollout import Result, RolloutDocument, StepStatus
from pgfleet.judge.summary import EXIT_STATUS, outcome_of
from pgfleet.manifest.model import Impact
from pgfleet.reports.audit_junit import audit_junit
from pgfleet.reports.rollout_junit import rollout_junit
from pgfleet.rollout.summary import RolloutOutcome

MANIFEST = a_manifest(a_migration("1", impacts=[Impact(service="worker", breaks="nothing is queued")]))
DRIFTED = a_migration_entry(MigrationStatus.DRIFTED, differences=[a_difference_entry()])
LOSS = LossEntry(table="messages", before=90, now=40, allowed=9, exact=True)


def audit_of(*tenants: TenantEntry, skipped: tuple[SkippedEntry, ...] = ()) -> JUnitXml:
    document = a_document(*tenants).model_copy(update={"skipped": skipped})
    return read(audit_junit(document, MANIFEST))


def rollout_of(document: RolloutDocument) -> JUnitXml:
    return read(rollout_junit(document))


def read(text: str) -> JUnitXml:
    """The report; what it says of itself must be what its cases come to."""
    report = JUnitXml.fromstring(text.encode())
    said = (report.tests, report.failures, report.errors, report.skipped)
    for each in report:
        suite_said = (each.tests, each.failures, each.errors, each.skipped)
        each.update_statistics()
        assert suite_said == (each.tests, each.failures, each.errors, each.skipped)
    seconds = report.time
    report.update_statistics()
    assert said == (report.tests, report.failures, report.errors, report.skipped)
    report.time = seconds
    return report


def suite(report: JUnitXml, name: str) -> TestSuite:
    return next(each for each in report if each.name == name)


def case(report: JUnitXml, suite_name: str, name: str) -> TestCase:
    return next(each for each in suite(report, suite_name) if each.name == name)


def test_a_ready_tenant_passes_case_by_case() -> None:
    report = audit_of(a_tenant_entry(migrations=[a_migration_entry()], contracts=[a_contract_entry()]))
    assert [(each.name, each.classname, each.is_passed) for each in suite(report, "acme")] == [
        ("1_one.sql", "pgfleet audit prod.acme", True),
        ("contract worker", "pgfleet audit prod.acme", True),
    ]
    assert (report.name, report.time) == ("pgfleet audit prod", 12.34)


def test_a_drifted_migration_fails_with_its_fix_and_the_affected_services() -> None:
    report = audit_of(a_tenant_entry("acme", Verdict.BLOCKED, migrations=[DRIFTED]))
    [failure] = case(report, "acme", "1_one.sql").result
    assert isinstance(failure, Failure)
    assert (failure.type, failure.message) == ("drifted", "drifted (P0): index public.idx_a is missing")
    assert failure.text.splitlines() == ["index public.idx_a is missing", "Affected services: worker"]


def test_a_pending_migration_fails_with_the_command_that_applies_it() -> None:
    report = audit_of(a_tenant_entry("a b", Verdict.BLOCKED, migrations=[a_migration_entry(MigrationStatus.PENDING)]))
    [failure] = case(report, "a b", "1_one.sql").result
    assert failure.text.splitlines() == [
        "not applied yet",
        "Affected services: worker: nothing is queued",
        "→ pgfleet rollout prod --tenant 'a b'",
    ]


def test_what_could_not_be_judged_is_an_error() -> None:
    check = CheckEntry(name="tables", passed=None, detail="timeout")
    report = audit_of(
        a_tenant_entry("down", Verdict.UNREACHABLE, reason="no answer\nfrom h"),
        a_tenant_entry("odd", Verdict.UNKNOWN, migrations=[a_migration_entry(MigrationStatus.UNKNOWN, checks=[check])]),
        a_tenant_entry("shy", Verdict.UNKNOWN, contracts=[a_contract_entry(detail="no right")]),
    )
    [error] = case(report, "down", "inspection").result
    assert isinstance(error, Error)
    assert (error.type, error.message) == ("unreachable", "no answer from h")
    assert case(report, "odd", "1_one.sql").is_error
    assert case(report, "shy", "contract worker").is_error


def test_a_broken_contract_and_lost_rows_fail() -> None:
    tenant = a_tenant_entry(migrations=[a_migration_entry()], contracts=[a_contract_entry(a_failure())])
    report = audit_of(tenant.model_copy(update={"losses": (LOSS,)}))
    [broken], [lost] = case(report, "acme", "contract worker").result, case(report, "acme", "rows of messages").result
    assert isinstance(broken, Failure)
    assert broken.text == 'fetch: column "a" does not exist'
    assert lost.message == "messages has 40 rows, previously 90 (allowed loss 9)"


def test_accepted_and_excluded_findings_are_skipped_and_notes_are_output() -> None:
    accepted = AcceptedEntry(owner="ana", reason="being rebuilt", until="2025-12-31")
    difference = a_difference_entry().model_copy(update={"accepted": accepted})
    migration = a_migration_entry(MigrationStatus.DRIFTED, differences=[difference])
    tenant = a_tenant_entry(
        migrations=[migration.model_copy(update={"accepted": True})],
        unexpected=[UnexpectedEntry(kind="index", identity="public.idx_b", actual="btree (b)")],
    )
    report = audit_of(tenant, skipped=(SkippedEntry(name="gone", reason="its state is suspended"),))
    [skipped] = case(report, "acme", "1_one.sql").result
    assert isinstance(skipped, Skipped)
    assert skipped.message == "accepted: index public.idx_a is missing"
    assert case(report, "skipped tenants", "gone").result[0].message == "its state is suspended"
    assert "extra index public.idx_b" in suite(report, "acme").child(SystemOut).text


@pytest.mark.parametrize(
    "tenant",
    [
        a_tenant_entry(migrations=[a_migration_entry()]),
        a_tenant_entry(),
        a_tenant_entry(verdict=Verdict.BLOCKED, migrations=[DRIFTED]),
        a_tenant_entry(verdict=Verdict.DEGRADED, contracts=[a_contract_entry(a_failure())]),
        a_tenant_entry(verdict=Verdict.UNREACHABLE, reason="no answer"),
        a_tenant_entry(verdict=Verdict.UNKNOWN, reason="no right"),
        a_tenant_entry(migrations=[a_migration_entry()]).model_copy(update={"losses": (LOSS,)}),
    ],
)
def test_the_report_is_green_where_the_exit_status_is_zero(tenant: TenantEntry) -> None:
    document: AuditDocument = a_document(tenant)
    report = read(audit_junit(document, MANIFEST))
    assert report.tests > 0
    assert (report.failures + report.errors == 0) is (EXIT_STATUS[outcome_of(document.tenants)] == 0)


def test_a_name_of_any_kind_is_read_back_and_hidden_characters_are_shown() -> None:
    name = '<script>alert("1")</script>]]> & ü'
    report = audit_of(a_tenant_entry(name, Verdict.UNREACHABLE, reason="\x00\x1b[31m\ud800 no"))
    [error] = case(report, name, "inspection").result
    assert error.message == r"\x00\x1b[31m\ud800 no"


def test_a_rollout_that_went_well_passes_with_its_times() -> None:
    step = a_step().model_copy(update={"duration_ms": 1500})
    report = rollout_of(a_rollout(a_result("acme", Result.DONE, step, seeds=[a_seed_step()])))
    assert [each.name for each in suite(report, "acme")] == ["tenant", "1_one.sql", "seed rules"]
    assert report.failures + report.errors + report.skipped == 0
    assert (case(report, "acme", "1_one.sql").time, suite(report, "acme").time) == (1.5, 1.5)


def test_a_failed_step_carries_its_advice_and_its_tenant_is_reported_once() -> None:
    error = ErrorEntry(message="lock timeout", sqlstate="55P03", advice="run it again")
    failed = a_step(status=StepStatus.FAILED, error=error, residual=[a_difference_entry()])
    after = a_step("2", status=StepStatus.NOT_REACHED, detail="requires 1")
    report = rollout_of(a_rollout(a_result("acme", Result.FAILED, failed, after)))
    [failure], [skipped] = case(report, "acme", "1_one.sql").result, case(report, "acme", "2_one.sql").result
    assert failure.message == "lock timeout (SQLSTATE 55P03)"
    assert failure.text.splitlines() == ["index public.idx_a is missing", "next: run it again"]
    assert (skipped.message, report.failures) == ("requires 1", 1)


def test_tenants_that_were_not_begun_or_not_reached() -> None:
    report = rollout_of(
        a_rollout(
            a_result("down", Result.UNREACHABLE, reason="no answer"),
            a_result("odd", Result.FAILED, obstacle=Verdict.UNKNOWN, reason="no right"),
            a_result("late", Result.NOT_REACHED, reason="ring canary halted"),
            rings=[],
        )
    )
    assert case(report, "down", "tenant").is_error
    assert case(report, "odd", "tenant").is_error
    assert case(report, "late", "tenant").is_skipped


def test_a_ring_that_halted_fails_and_so_does_a_service_that_was_not_restarted() -> None:
    restart = RestartEntry(service="worker", restarted=False, detail="exit status 1")
    rings = [
        a_ring("canary", RingOutcome.HALTED, reason="not restarted: worker", restarts=[restart]),
        a_ring("main", RingOutcome.NOT_REACHED),
    ]
    report = rollout_of(a_rollout(rings=rings, outcome="Halted"))
    assert case(report, "ring canary", "ring").is_failure
    assert case(report, "ring canary", "restart of worker").result[0].message == "exit status 1"
    assert case(report, "ring main", "ring").is_skipped


def test_a_plan_that_was_refused_fails() -> None:
    report = rollout_of(a_rollout(rings=[], outcome=RolloutOutcome.REFUSED, reason="it was not approved"))
    assert case(report, "plan", "approval").result[0].message == "it was not approved"
