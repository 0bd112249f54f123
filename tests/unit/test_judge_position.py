"""A tenant's position in the history, from its objects' states, the ledgers, the checks, and the migrations' order."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from unit.literals import a_column, a_migration

from pgfleet.catalog.history import History, trace
from pgfleet.catalog.objects import CatalogObject, Identity, ObjectKind
from pgfleet.catalog.partitions import with_partitions
from pgfleet.documents.findings import Evidence
from pgfleet.judge.position import Position, locate
from pgfleet.judge.records import Records
from pgfleet.manifest.order import Order, order_of


def an_object(name: str, text: str = "one", schema: str | None = None) -> CatalogObject:
    identity = Identity(kind=ObjectKind.TABLE, schema=schema, name=name)
    return CatalogObject(identity=identity, parent=None, attributes={"text": text}, definition=text)


def a_history(*catalogs: Iterable[CatalogObject]) -> History:
    return trace([(str(n), catalog) for n, catalog in enumerate(catalogs, start=1)])


def linear(history: History) -> Order:
    versions = history.versions
    return Order(requires={each: frozenset(versions[:n]) for n, each in enumerate(versions)}, is_linear=True)


def partial(history: History, **requires: set[str]) -> Order:
    wanted = {each: frozenset(requires.get(f"m{each}", ())) for each in history.versions}
    return Order(requires=wanted, is_linear=False)


def located(history: History, order: Order, found: Iterable[CatalogObject], records: Records | None = None) -> Position:
    return locate(history, order, {each.identity: each for each in found}, records or Records())


def numbers(versions: Iterable[str]) -> list[int]:
    return sorted(map(int, versions))


# Seven migrations: create a table, insert a row, create, replace and drop a function, add and rename a column.
T, B, C, F1, F2 = an_object("t"), an_object("t.b"), an_object("t.c"), an_object("f"), an_object("f", "two")
STATES = [[], [T], [T], [T, F1], [T, F2], [T, F2, B], [T, F2, C], [T, C]]
SEVEN = a_history(*STATES[1:])


@pytest.mark.parametrize("place", [0, 3, 4, 5, 6, 7])
def test_a_tenant_without_a_ledger_is_at_the_position_whose_catalog_it_has(place: int) -> None:
    found = located(SEVEN, linear(SEVEN), STATES[place])
    assert (numbers(found.applied), numbers(found.unknown)) == ([*range(1, place + 1)], [])


def test_a_traceless_migration_at_the_boundary_is_unknown() -> None:
    found = located(SEVEN, linear(SEVEN), STATES[1])
    assert (numbers(found.applied), numbers(found.unknown)) == ([1], [2])
    assert found.evidence["2"] is Evidence.NONE


def test_a_tools_ledger_that_lacks_what_the_catalog_shows_does_not_decide() -> None:
    history = a_history([T], [T, B], [T, B])
    found = located(history, linear(history), [T, B], Records(tool=frozenset("1")))
    assert (numbers(found.applied), numbers(found.unknown)) == ([1, 2], [3])


def test_a_tools_ledger_still_decides_after_this_run_adopted_what_it_records() -> None:
    records = Records(tool=frozenset("1"), ledger=frozenset("1"), adopted_now=frozenset("1"))
    found = located(SEVEN, linear(SEVEN), STATES[1], records)
    assert (numbers(found.applied), numbers(found.unknown)) == ([1], [])


@pytest.mark.parametrize(
    ("records", "unknown"),
    [
        pytest.param(Records(tool=frozenset("134567")), [2], id="the tool skipped it"),
        pytest.param(Records(tool=frozenset("34567")), [], id="the tool's ledger begins after it"),
        pytest.param(Records(tool=frozenset("134567"), ledger=frozenset("2")), [], id="it was adopted"),
        pytest.param(Records(tool=frozenset("134567"), checks={"2": True}), [], id="its check passes"),
        pytest.param(Records(tool=frozenset("134567"), harmless=frozenset("2")), [], id="it is proven to be harmless"),
        pytest.param(Records(ledger=frozenset("134567")), [], id="our ledger lacks it"),
    ],
)
def test_a_traceless_migration_that_the_tool_skipped_is_unknown(records: Records, unknown: list[int]) -> None:
    for order in (linear(SEVEN), partial(SEVEN, m3={"2"})):
        found = located(SEVEN, order, STATES[7], records)
        assert numbers(found.unknown) == unknown
        assert numbers(found.applied | found.unknown) == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("records", "applied"),
    [
        pytest.param(Records(ledger=frozenset("1")), [1], id="our ledger ends before it"),
        pytest.param(Records(ledger=frozenset("12")), [1, 2], id="our ledger has it"),
        pytest.param(Records(tool=frozenset("1")), [1], id="the tool's ledger ends before it"),
        pytest.param(Records(tool=frozenset("12")), [1, 2], id="the tool's ledger has it"),
        pytest.param(Records(checks={"2": True}), [1, 2], id="its check passes"),
        pytest.param(Records(checks={"2": False}), [1], id="its check fails"),
        pytest.param(Records(harmless=frozenset("2")), [1], id="it is proven to be harmless"),
    ],
)
def test_what_settles_a_traceless_migration(records: Records, applied: list[int]) -> None:
    found = located(SEVEN, linear(SEVEN), STATES[1], records)
    assert (numbers(found.applied), numbers(found.unknown)) == (applied, [])


def test_a_check_that_could_not_be_completed_settles_nothing() -> None:
    assert numbers(located(SEVEN, linear(SEVEN), STATES[1], Records(checks={"2": None})).unknown) == [2]


def test_a_ledger_that_ends_before_what_the_catalog_shows_settles_nothing() -> None:
    history = a_history([T], [T, B], [T, B])
    assert numbers(located(history, linear(history), [T, B], Records(ledger=frozenset("1"))).unknown) == [3]


def test_a_migration_that_another_undoes_is_unknown_together_with_it() -> None:
    history = a_history([T], [T, F1], [T])
    found = located(history, linear(history), [T])
    assert (numbers(found.applied), numbers(found.unknown)) == ([1], [2, 3])


def test_a_recorded_migration_is_applied_though_its_object_is_missing() -> None:
    history = a_history([T], [T, B], [T, B, C])
    found = located(history, linear(history), [T], Records(ledger=frozenset("123")))
    assert (numbers(found.applied), found.evidence["3"]) == ([1, 2, 3], Evidence.LEDGER)


def test_where_the_catalog_does_not_decide_the_ledger_does() -> None:
    found = located(SEVEN, linear(SEVEN), STATES[3], Records(ledger=frozenset("12345")))
    assert numbers(found.applied) == [1, 2, 3, 4, 5]


def test_an_object_made_ahead_of_its_time_does_not_move_the_position() -> None:
    many = [an_object(f"t{n}") for n in range(1, 10)]
    history = a_history(*(many[:n] for n in range(1, 10)))
    assert numbers(located(history, linear(history), [*many[:4], many[8]]).applied) == [1, 2, 3, 4]


def test_a_migration_is_applied_though_most_of_its_objects_are_lost() -> None:
    lost = [an_object(f"v{n}") for n in range(9)]
    alone, later = a_history([T, *lost]), a_history([B], [B, T, *lost], [B, T, *lost, C])
    assert numbers(located(alone, linear(alone), [T]).applied) == [1]
    assert numbers(located(later, linear(later), [B, T]).applied) == [1, 2]
    recorded = Records(ledger=frozenset("1"))
    assert numbers(located(later, linear(later), [B, T], recorded).applied) == [1]


def test_a_name_in_common_does_not_mean_that_a_migration_is_applied() -> None:
    """Somebody else may have created a function or a table of the same name, with other columns."""
    columns = [a_column("t", f"c{n}") for n in range(4)]
    function = replace(an_object("touch"), identity=Identity(kind=ObjectKind.FUNCTION, schema=None, name="touch()"))
    history = a_history([function, T, *columns, *(an_object(f"u{n}") for n in range(3))])
    for found, applied in (
        ([function], []),
        ([T], []),
        ([T, function, *columns[:1]], []),
        ([T, *columns[:2]], [1]),
    ):
        assert numbers(located(history, linear(history), found).applied) == applied


def test_the_parts_of_a_lost_table_do_not_count_against_later_migrations() -> None:
    parts = [replace(an_object(f"t.{n}"), parent="t") for n in range(9)]
    history = a_history([T, *parts], [T, *parts, B], [T, *parts, B, C])
    assert numbers(located(history, linear(history), [B, C]).applied) == [1, 2, 3]
    assert numbers(located(history, linear(history), [T, *parts[:1]]).applied) == [1]


def test_an_altered_object_belongs_to_the_last_migration_that_may_have_made_it() -> None:
    history = a_history([T], [an_object("t", "two")])
    assert numbers(located(history, linear(history), [an_object("t", "by hand")]).applied) == [1, 2]


def test_an_empty_tenant_is_pending_although_its_catalog_fits_two_orders() -> None:
    history = a_history([T], [])
    found = located(history, linear(history), [])
    assert (numbers(found.applied), numbers(found.unknown)) == ([], [])


def test_migrations_that_do_not_require_each_other_are_judged_by_their_own_objects() -> None:
    history = a_history([T], [T, B], [T, B, C])
    assert numbers(located(history, partial(history), [T, C]).applied) == [1, 3]


def test_what_an_applied_migration_requires_is_applied() -> None:
    history = a_history([T], [T], [T, C])
    found = located(history, partial(history, m3={"2"}), [T, C])
    assert (numbers(found.applied), found.evidence["2"]) == ([1, 2, 3], Evidence.ORDER)


def test_a_dropped_object_that_must_have_existed_shows_that_it_was_dropped() -> None:
    history = a_history([T], [T, F1], [T, C], [T, C, B])
    found = located(history, partial(history, m3={"2"}), [T, C])
    assert numbers(found.applied) == [1, 2, 3]


def test_one_object_of_several_is_enough_for_a_migration_to_be_applied() -> None:
    history = a_history([T, B, C])
    assert numbers(located(history, partial(history), [B]).applied) == [1]


def test_shared_objects_do_not_decide_the_position_if_the_tenant_has_objects_of_its_own() -> None:
    shared = an_object("rules", schema="guard")
    history = a_history([T, shared])
    assert numbers(located(history, partial(history), [shared], Records(shares_objects=True)).applied) == []


# Migration 2 creates a table, 3 attaches it to the one of migration 1, 4 creates another partition, and 5 a table.
DAY, LATER = an_object("day"), an_object("later")
PARTITIONED = with_partitions(
    a_history([T], [T, DAY], [T], [T], [T, LATER]),
    {
        "1": frozenset(),
        "2": frozenset(),
        "3": frozenset({(None, "day")}),
        **dict.fromkeys("45", frozenset({(None, "day"), (None, "x")})),
    },
)


@pytest.mark.parametrize("is_linear", [True, False])
@pytest.mark.parametrize(
    ("found", "attached", "applied"),
    [
        pytest.param([T, DAY], {"3": False, "4": False}, [1, 2], id="before it is attached"),
        pytest.param([T], {"3": True, "4": False}, [1, 2, 3], id="attached"),
        pytest.param([T, DAY], {"3": False, "4": True}, [1, 2, 3, 4], id="detached, beside a later partition"),
        pytest.param([T, DAY, LATER], {"3": False}, [1, 2, 3, 4, 5], id="detached, and a later table is there"),
        pytest.param([T, LATER], {}, [1, 2, 3, 4, 5], id="dropped, and a later table is there"),
    ],
)
def test_partitions_show_the_migrations_that_make_them(
    found: list[CatalogObject], attached: dict[str, bool], applied: list[int], is_linear: bool
) -> None:
    order = linear(PARTITIONED) if is_linear else replace(linear(PARTITIONED), is_linear=False)
    position = located(PARTITIONED, order, found, Records(attached=attached))
    assert (numbers(position.applied), numbers(position.unknown)) == (applied, [])
    assert all(position.evidence[each] is Evidence.CATALOG for each in attached)


def test_what_this_run_adopts_does_not_make_a_traceless_migration_pending() -> None:
    records = Records(ledger=frozenset("1"), adopted_now=frozenset("1"))
    assert numbers(located(SEVEN, linear(SEVEN), STATES[1], records).unknown) == [2]
    checked = replace(records, checks={"2": True})
    assert numbers(located(SEVEN, linear(SEVEN), STATES[1], checked).applied) == [1, 2]


# Migration 1 creates a table; R creates a view and replaces a function of migration 2.
VIEW, OLD_VIEW = an_object("v"), an_object("v", "older text")
REPEATABLE = trace([("1", [T]), ("2", [T, F1]), ("R", [T, F2, VIEW])])
ORDER = order_of(
    [a_migration("1"), a_migration("2"), replace(a_migration("R"), repeatable=True)],
    is_linear=True,
)


@pytest.mark.parametrize(
    ("found", "records", "applied"),
    [
        pytest.param([], Records(), set(), id="an empty tenant"),
        pytest.param([T], Records(), {"1"}, id="before it"),
        pytest.param([T, F1], Records(), {"1", "2"}, id="directly before it"),
        pytest.param([T, F2, VIEW], Records(), {"1", "2", "R"}, id="its objects are there"),
        pytest.param([T, F2, OLD_VIEW], Records(), {"1", "2", "R"}, id="an object is altered"),
        pytest.param([T, OLD_VIEW], Records(), {"1"}, id="an older text ran before the last migration"),
        pytest.param([T, F2, VIEW], Records(outdated=frozenset("R")), {"1", "2"}, id="recorded with another text"),
        pytest.param([T, F1], Records(ledger=frozenset("R")), {"1", "2", "R"}, id="recorded, and its objects are lost"),
        pytest.param([T, F2, VIEW], Records(tool=frozenset("12")), {"1", "2"}, id="the tool's ledger lacks it"),
        pytest.param([T], Records(ledger=frozenset("1R")), {"1", "R"}, id="it says nothing about those before it"),
    ],
)
@pytest.mark.parametrize("is_linear", [True, False])
def test_a_repeatable_migration(
    found: list[CatalogObject], records: Records, applied: set[str], is_linear: bool
) -> None:
    order = ORDER if is_linear else replace(ORDER, is_linear=False)
    position = located(REPEATABLE, order, found, records)
    assert (position.applied, position.unknown) == (applied, frozenset())
    assert position.version == max(applied - {"R"}, default=None)
