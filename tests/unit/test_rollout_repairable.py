"""Which problems of a tenant a repair can address."""

from datetime import date

import pytest
from unit.literals import a_column, a_migration_entry, a_table, an_index
from unit.repair_literals import a_difference

from pgfleet.catalog.differences import Difference
from pgfleet.catalog.objects import CatalogObject, Change
from pgfleet.documents.audit_context import AcceptedEntry
from pgfleet.documents.findings import CheckEntry, LedgerState, MigrationEntry, MigrationStatus
from pgfleet.judge.migration import difference_entry
from pgfleet.rollout.repairable import find_newly_failing, find_not_repairable, find_repairable, is_accounted_for

ACCEPTED = AcceptedEntry(owner="ana", reason="known", until=date(2026, 12, 31))
TABLE, COLUMN, INDEX = a_table("t"), a_column("t", "c"), an_index("t", "i")


def missing(wanted: CatalogObject, version: str = "1") -> Difference:
    return Difference(version=version, change=Change.MISSING, expected=wanted, actual=None, untouched=True)


def drifted(*differences: Difference, accepting: tuple[CatalogObject, ...] = ()) -> MigrationEntry:
    """The entry of these differences, of which those of some objects are accepted."""
    names = {each.identity.qualified("home") for each in accepting}
    told = [difference_entry(each, "home") for each in differences]
    marked = [each.model_copy(update={"accepted": ACCEPTED}) if each.identity in names else each for each in told]
    return a_migration_entry(MigrationStatus.DRIFTED, differences=marked)


def test_a_repair_covers_drifted_migrations_without_accepted_differences() -> None:
    column, index = missing(COLUMN), missing(INDEX)
    assert find_repairable([column, index], [drifted(column, index)], "home") == (column, index)
    assert find_repairable([column, index], [drifted(column, index, accepting=(INDEX,))], "home") == (column,)


def test_differences_implied_by_an_accepted_table_are_accepted_with_it() -> None:
    table, column, other = missing(TABLE), missing(COLUMN), missing(a_table("u"))
    entry = drifted(table, other, accepting=(TABLE,))
    assert find_repairable([table, column, other], [entry], "home") == (other,)


def test_a_pending_migration_is_left_to_a_rollout() -> None:
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
def test_migrations_without_differences_to_repair_are_reported(entry: MigrationEntry, said: str | None) -> None:
    found = list(find_not_repairable([entry]))
    assert [(each.version, each.status) for each in found] == ([("1", entry.status)] if said else [])
    assert all((said or "") in each.reason for each in found)


def test_a_migration_is_accounted_for_if_applied_or_if_it_has_differences() -> None:
    failing = [CheckEntry(name="rows", passed=False, detail="3")]
    assert is_accounted_for(a_migration_entry())
    assert is_accounted_for(a_migration_entry(MigrationStatus.DRIFTED, differences=[a_difference()]))
    assert not is_accounted_for(a_migration_entry(MigrationStatus.DRIFTED, checks=failing))


def test_a_check_fails_newly_if_it_passed_before() -> None:
    before = a_migration_entry(checks=[CheckEntry(name="a", passed=True), CheckEntry(name="b", passed=False)])
    after = a_migration_entry(checks=[CheckEntry(name="a", passed=None), CheckEntry(name="b", passed=False)])
    assert find_newly_failing(before, after) == ["a"]
