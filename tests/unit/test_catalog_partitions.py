"""Tables that migrations make partitions: how the history remembers them."""

import pytest
from unit.test_catalog_history import an_object

from pgfleet.catalog.history import History, trace
from pgfleet.catalog.partitions import Place, are_attached, with_partitions

EVENTS, Y2025, OTHER = an_object("events"), an_object("y2025"), an_object("other")
A, B = (None, "y2025"), (None, "y2026")
HISTORY = with_partitions(
    trace([("1", [EVENTS]), ("2", [EVENTS, Y2025]), ("3", [EVENTS]), ("4", [EVENTS]), ("5", [EVENTS, OTHER])]),
    {
        "1": frozenset(),
        "2": frozenset(),
        "3": frozenset({A}),
        "4": frozenset({A, B}),
        "5": frozenset({A, B, (None, "y2027")}),
    },
)


def test_versions_that_only_make_partitions_are_shown_by_them() -> None:
    assert HISTORY.partitions == {"3": {A}, "4": {B}}
    assert HISTORY.all_partitions == {A, B, (None, "y2027")}


def attached(history: History, *applied: str) -> list[str]:
    return [each.identity.name for each in history.chains if each.is_attached(frozenset(applied))]


def test_a_table_is_attached_from_the_version_on_that_makes_it_a_partition() -> None:
    assert [attached(HISTORY, *"12345"[:n]) for n in range(6)] == [[], [], [], ["y2025"], ["y2025"], ["y2025"]]


def test_a_table_that_a_migration_drops_is_not_attached() -> None:
    history = with_partitions(trace([("1", [Y2025]), ("2", [])]), {"1": frozenset(), "2": frozenset({B})})
    assert attached(history, "1", "2") == []


@pytest.mark.parametrize(("found", "expected"), [([A, B], True), ([A], None), ([], False)])
def test_all_some_or_none_of_the_tables_are_attached(found: list[Place], expected: bool | None) -> None:
    assert are_attached({A, B}, found) is expected
