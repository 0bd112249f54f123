"""What a repair of several tenants comes to, and what of a tenant it is about."""

from datetime import date

import pytest
from unit.literals import (
    a_column,
    a_migration_entry,
    a_table,
    an_index,
)
from unit.repair_literals import GONE, a_difference, a_repair, a_repair_document, beyond

from pgfleet.catalog.differences import Difference
from pgfleet.catalog.objects import CatalogObject, Change
from pgfleet.documents.audit import CheckEntry, LedgerState, MigrationEntry, MigrationStatus
from pgfleet.documents.audit_context import AcceptedEntry
from pgfleet.documents.repair import RepairResult, TenantRepair
from pgfleet.documents.rollout import ErrorEntry
from pgfleet.errors import ConnectionFailed, NoExpectedCatalog, NotProven, PgfleetError, PlanOutdated
from pgfleet.judge.migration import difference_entry
from pgfleet.rollout.repair_results import digest_of, failed_repair, not_reached
from pgfleet.rollout.repair_summary import exit_status, format_summary, worst_first
from pgfleet.rollout.repairable import find_newly_failing, find_not_repairable, find_repairable, is_accounted_for

ERROR = ErrorEntry(message="no")
FAILED = a_repair("b", RepairResult.FAILED, error=ERROR)
UNREACHABLE = a_repair("c", RepairResult.UNREACHABLE, error=ERROR)
UNCHANGED = a_repair("d", RepairResult.UNCHANGED)
ACCEPTED = AcceptedEntry(owner="ana", reason="known", until=date(2026, 12, 31))


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
        ([FAILED, UNREACHABLE, a_repair()], False, "Incomplete", 3),
    ],
)
def test_the_outcome_and_the_exit_status(tenants: list[TenantRepair], dry_run: bool, outcome: str, status: int) -> None:
    document = a_repair_document(*tenants, dry_run=dry_run)
    assert (document.outcome, exit_status(document)) == (outcome, status)


def test_what_was_refused_has_a_reason() -> None:
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


def test_what_came_of_an_error() -> None:
    planned = a_repair(statements=["SELECT 1"], repaired=[a_difference()])
    found = failed_repair("acme", "main", NotProven("no", (a_difference(),)), planned, (a_difference(),))
    assert (found.result, found.repaired, len(found.statements), len(found.residual)) == (RepairResult.FAILED, (), 1, 1)
    assert found.error is not None
    assert found.error.advice == "the generated repair does not fix this difference: fix it by hand"
    assert failed_repair("acme", "main", ConnectionFailed("no")).result is RepairResult.UNREACHABLE
    assert failed_repair("acme", "main", PlanOutdated("no")).result is RepairResult.FAILED


TABLE, COLUMN, INDEX = a_table("t"), a_column("t", "c"), an_index("t", "i")


def missing(wanted: CatalogObject, version: str = "1") -> Difference:
    return Difference(version=version, change=Change.MISSING, expected=wanted, actual=None, untouched=True)


def drifted(*differences: Difference, accepting: tuple[CatalogObject, ...] = ()) -> MigrationEntry:
    """The entry of these differences, of which those of some objects are accepted."""
    names = {each.identity.qualified("home") for each in accepting}
    told = [difference_entry(each, "home") for each in differences]
    marked = [each.model_copy(update={"accepted": ACCEPTED}) if each.identity in names else each for each in told]
    return a_migration_entry(MigrationStatus.DRIFTED, differences=marked)


def test_a_repair_is_about_what_drifted_less_what_is_accepted() -> None:
    column, index = missing(COLUMN), missing(INDEX)
    assert find_repairable([column, index], [drifted(column, index)], "home") == (column, index)
    assert find_repairable([column, index], [drifted(column, index, accepting=(INDEX,))], "home") == (column,)


def test_what_falls_with_an_accepted_table_is_accepted_with_it() -> None:
    table, column, other = missing(TABLE), missing(COLUMN), missing(a_table("u"))
    entry = drifted(table, other, accepting=(TABLE,))
    assert find_repairable([table, column, other], [entry], "home") == (other,)


def test_a_pending_migration_is_none_of_its_business() -> None:
    assert find_repairable([missing(COLUMN)], [a_migration_entry(MigrationStatus.PENDING)], "home") == ()


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (a_migration_entry(), None),
        (a_migration_entry(MigrationStatus.DRIFTED, differences=[a_difference()]), None),
        (a_migration_entry(MigrationStatus.PENDING, differences=[a_difference()]), "never applied"),
        (
            a_migration_entry(MigrationStatus.DRIFTED, checks=[CheckEntry(name="rows", passed=False, detail="3")]),
            "no differences to repair, but check 'rows': 3",
        ),
        (
            a_migration_entry(
                MigrationStatus.UNKNOWN, checks=[CheckEntry(name="rows", passed=None, detail="no right")]
            ),
            "could not be inspected completely: check 'rows': no right",
        ),
        (
            a_migration_entry(MigrationStatus.DRIFTED).model_copy(update={"ledger": LedgerState.STARTED}),
            "started but not finished",
        ),
    ],
)
def test_what_a_repair_has_nothing_to_do_for_is_told(entry: MigrationEntry, said: str | None) -> None:
    found = list(find_not_repairable([entry]))
    assert [(each.version, each.status) for each in found] == ([("1", entry.status)] if said else [])
    assert all((said or "") in each.reason for each in found)


def test_a_migration_is_whole_or_something_of_it_is_left() -> None:
    failing = [CheckEntry(name="rows", passed=False, detail="3")]
    assert is_accounted_for(a_migration_entry())
    assert is_accounted_for(a_migration_entry(MigrationStatus.DRIFTED, differences=[a_difference()]))
    assert not is_accounted_for(a_migration_entry(MigrationStatus.DRIFTED, checks=failing))


def test_a_check_fails_newly_if_it_passed_before() -> None:
    before = a_migration_entry(checks=[CheckEntry(name="a", passed=True), CheckEntry(name="b", passed=False)])
    after = a_migration_entry(checks=[CheckEntry(name="a", passed=None), CheckEntry(name="b", passed=False)])
    assert find_newly_failing(before, after) == ["a"]


@pytest.mark.parametrize("error", [PgfleetError("its wave broke off: Crashed: lost"), NoExpectedCatalog("none")])
def test_a_tenant_that_could_not_be_looked_at_is_incomplete(error: PgfleetError) -> None:
    document = a_repair_document(a_repair(), failed_repair("b", "main", error))
    assert (document.outcome, exit_status(document)) == ("Incomplete", 3)
