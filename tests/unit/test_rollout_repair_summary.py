"""The result of repairs: their document, outcome, and exit status."""

import pytest
from unit.repair_literals import GONE, a_difference, a_repair, a_repair_document, beyond

from pgfleet.documents.entry import ErrorEntry
from pgfleet.documents.findings import MigrationStatus
from pgfleet.documents.repair import RepairResult, TenantRepair
from pgfleet.errors import ConnectionFailed, NoExpectedCatalog, NotProven, PgfleetError, PlanOutdated
from pgfleet.rollout.repair_results import digest_of, failed_repair, not_reached
from pgfleet.rollout.repair_summary import exit_status, format_summary, worst_first

ERROR = ErrorEntry(message="no")
FAILED = a_repair("b", RepairResult.FAILED, error=ERROR)
UNREACHABLE = a_repair("c", RepairResult.UNREACHABLE, error=ERROR)
UNCHANGED = a_repair("d", RepairResult.UNCHANGED)


@pytest.mark.parametrize(
    ("tenants", "dry_run", "outcome", "status"),
    [
        ([a_repair()], False, "Completed", 0),
        ([UNCHANGED], False, "Completed", 0),
        ([a_repair(), UNCHANGED], True, "Dry run", 1),
        ([UNCHANGED], True, "Completed", 0),
        ([a_repair(), FAILED], False, "Failed", 1),
        ([a_repair(), FAILED], True, "Failed", 1),
        ([a_repair(remaining=[a_difference(repair=GONE)])], False, "Failed", 1),
        ([a_repair(not_repairable=[beyond(MigrationStatus.DRIFTED)])], False, "Failed", 1),
        ([a_repair(not_repairable=[beyond(MigrationStatus.PENDING)])], False, "Completed", 0),
        ([a_repair(not_repairable=[beyond(MigrationStatus.UNKNOWN)])], False, "Incomplete", 3),
        ([FAILED, UNREACHABLE, a_repair()], False, "Failed, incomplete", 3),
        ([UNREACHABLE, a_repair()], False, "Incomplete", 3),
    ],
)
def test_the_outcome_and_the_exit_status(tenants: list[TenantRepair], dry_run: bool, outcome: str, status: int) -> None:
    document = a_repair_document(*tenants, dry_run=dry_run)
    assert (document.outcome, exit_status(document)) == (outcome, status)


def test_a_refused_repair_has_a_reason() -> None:
    document = a_repair_document(not_reached(a_repair()), reason="another")
    assert (document.outcome, exit_status(document)) == ("Refused", 1)
    assert document.tenants[0].result is RepairResult.NOT_REACHED
    assert not_reached(FAILED) is FAILED


def test_the_summary_counts_and_the_worst_come_first() -> None:
    document = a_repair_document(UNCHANGED, a_repair(), UNREACHABLE, FAILED)
    assert document.summary == {
        "tenants": 4,
        "repaired": 1,
        "unchanged": 1,
        "failed": 1,
        "not_reached": 0,
        "unreachable": 1,
        "skipped": 0,
    }
    assert format_summary(document) == "4 tenants: 1 repaired, 1 unchanged, 1 failed, 1 unreachable"
    assert [each.name for each in worst_first(document.tenants)] == ["b", "c", "acme", "d"]


def test_a_digest_is_of_each_tenants_own() -> None:
    one, two = a_repair("a", digest="1"), a_repair("b", digest="2")
    assert digest_of([one, two]) == digest_of([two, one])
    swapped = [a_repair("a", digest="2"), a_repair("b", digest="1")]
    assert len({digest_of([one, two]), digest_of(swapped), digest_of([one])}) == 3


def test_a_repair_that_ended_with_an_error() -> None:
    planned = a_repair(statements=["SELECT 1"], repaired=[a_difference()])
    found = failed_repair("acme", "main", NotProven("no", (a_difference(),)), planned, (a_difference(),))
    assert (found.result, found.repaired, len(found.statements), len(found.residual)) == (RepairResult.FAILED, (), 1, 1)
    assert found.error is not None
    assert found.error.advice == "the generated repair does not fix this difference: fix it by hand"
    assert failed_repair("acme", "main", ConnectionFailed("no")).result is RepairResult.UNREACHABLE
    assert failed_repair("acme", "main", PlanOutdated("no")).result is RepairResult.FAILED


@pytest.mark.parametrize("error", [PgfleetError("its wave failed: Crashed: lost"), NoExpectedCatalog("none")])
def test_a_tenant_that_could_not_be_inspected_is_incomplete(error: PgfleetError) -> None:
    document = a_repair_document(a_repair(), failed_repair("b", "main", error))
    assert (document.outcome, exit_status(document)) == ("Incomplete", 3)
