"""Differences are complete, correct, and attributed to the right migration."""

from itertools import permutations

import pytest
from unit.literals import a_column, a_table, an_expected_catalog, an_index, an_object, by_identity

from pgfleet.catalog.differences import Difference, find_differences, find_pending, omit_implied
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import CatalogObject, Change, ObjectKind

TABLE = a_table("one")
SCHEMA = an_object(ObjectKind.SCHEMA, "s")
FIRST = (
    TABLE,
    a_column("one", "id", type="uuid"),
    a_column("one", "note", type="text"),
    an_index("one", "idx_one", valid=True),
    an_object(ObjectKind.FUNCTION, "touch()", body="x"),
    an_object(ObjectKind.TRIGGER, "one.trg", parent="one", enabled="O"),
    an_object(ObjectKind.CONSTRAINT, "one.one_pkey", parent="one", definition="PRIMARY KEY (id)"),
)
SECOND = (*FIRST, a_column("one", "summary", type="text"), an_index("one", "idx_summary", valid=True))
THIRD = (*SECOND, SCHEMA, a_table("two", schema="s"), a_column("two", "id", schema="s", type="bigint"))
EXPECTED = an_expected_catalog(("1", FIRST), ("2", SECOND), ("3", THIRD))


def told(differences: tuple[Difference, ...]) -> list[tuple[str, str, str]]:
    return [(each.version, each.change.value, each.identity.name) for each in differences]


def maker_of(expected: ExpectedCatalog, wanted: CatalogObject) -> str:
    return next(each.maker for each in expected.provenances if each.object == wanted)


def test_an_identical_catalog_has_no_differences() -> None:
    assert find_differences(EXPECTED, by_identity(THIRD)) == ()


def test_the_order_of_the_objects_found_does_not_matter() -> None:
    assert find_differences(EXPECTED, by_identity(reversed(THIRD))) == ()


def test_an_empty_catalog_lacks_everything() -> None:
    differences = find_differences(EXPECTED, by_identity(()))
    assert sorted(each.identity.key for each in differences) == sorted(each.identity.key for each in THIRD)
    assert all(each.change is Change.MISSING and each.untouched and each.actual is None for each in differences)


@pytest.mark.parametrize("lost", THIRD, ids=lambda each: each.identity.key)
def test_any_object_that_is_missing_is_the_one_difference_and_its_makers(lost: CatalogObject) -> None:
    found = by_identity(each for each in THIRD if each is not lost)
    assert find_differences(EXPECTED, found) == (
        Difference(version=maker_of(EXPECTED, lost), change=Change.MISSING, expected=lost, actual=None, untouched=True),
    )


@pytest.mark.parametrize("altered", THIRD, ids=lambda each: each.identity.key)
def test_any_object_that_is_altered_is_the_one_difference(altered: CatalogObject) -> None:
    other = CatalogObject(
        identity=altered.identity,
        parent=altered.parent,
        attributes={**altered.attributes, "altered": True},
        definition="altered",
    )
    found = by_identity(other if each is altered else each for each in THIRD)
    assert find_differences(EXPECTED, found) == (
        Difference(
            version=maker_of(EXPECTED, altered), change=Change.CHANGED, expected=altered, actual=other, untouched=False
        ),
    )


def test_an_object_with_another_definition_of_the_same_attributes_is_no_difference() -> None:
    reworded = CatalogObject(identity=TABLE.identity, parent=None, attributes={}, definition="in other words")
    assert find_differences(EXPECTED, by_identity((reworded, *THIRD[1:]))) == ()


def test_a_table_of_the_same_name_in_another_schema_does_not_stand_in() -> None:
    found = (a_table("one", schema="s"), *THIRD[1:])
    assert told(find_differences(EXPECTED, by_identity(found))) == [("1", "missing", "one")]


PLAIN, LONG, LONGER = (a_column("one", "code", type=f"varchar({size})") for size in (10, 20, 30))
GROWN = an_expected_catalog(("1", [TABLE, PLAIN]), ("2", [TABLE, LONG]), ("3", [TABLE, LONG]), ("4", [TABLE, LONGER]))


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        pytest.param(LONGER, [], id="as the last left it: nothing"),
        pytest.param(LONG, [("4", "changed", True)], id="as the second left it: the last is to come"),
        pytest.param(
            PLAIN,
            [("2", "changed", True), ("4", "changed", True)],
            id="as the maker left it: both changers are to come",
        ),
        pytest.param(
            a_column("one", "code", type="text"), [("4", "changed", False)], id="as none left it: the last changer's"
        ),
        pytest.param(
            None,
            [("1", "missing", True), ("2", "missing", True), ("4", "missing", True)],
            id="missing: the maker's, and the changers have nothing to work on",
        ),
    ],
)
def test_a_difference_is_attributed(actual: CatalogObject | None, expected: list[tuple[str, str, bool]]) -> None:
    found = [TABLE] if actual is None else [TABLE, actual]
    differences = find_differences(GROWN, by_identity(found))
    assert [(each.version, each.change.value, each.untouched) for each in differences] == expected
    assert all((each.expected, each.actual) == (LONGER, actual) for each in differences)


def test_a_change_that_was_taken_back_is_to_come_only_where_it_shows() -> None:
    back = an_expected_catalog(("1", [PLAIN]), ("2", [LONG]), ("3", [PLAIN]))
    assert find_differences(back, by_identity([PLAIN])) == ()
    assert told(find_differences(back, by_identity([LONG]))) == [("3", "changed", "one.code")]


def test_what_pending_migrations_have_to_do_is_no_drift() -> None:
    found = by_identity(SECOND)
    assert find_differences(EXPECTED.at(frozenset("12")), found) == ()
    assert {each.version for each in find_pending(EXPECTED, "12", found)} == {"3"}


def test_what_was_altered_by_hand_is_drift_and_not_pending() -> None:
    found = by_identity([TABLE, a_column("one", "code", type="text")])
    assert told(find_differences(GROWN.at(frozenset("12")), found)) == [("2", "changed", "one.code")]
    assert find_pending(GROWN, "12", found) == ()


def test_an_object_that_a_later_migration_dropped_is_not_expected() -> None:
    dropped = an_expected_catalog(("1", [TABLE, PLAIN]), ("2", [TABLE]))
    assert find_differences(dropped, by_identity([TABLE])) == ()


def test_differences_come_in_the_order_of_fixing() -> None:
    """Kinds as declared, within a kind the home schema first, then by name, for any order of discovery."""
    wanted = [
        an_object(ObjectKind.SCHEMA, "s"),
        an_object(ObjectKind.FUNCTION, "a()"),
        a_table("z"),
        a_table("a", schema="s"),
        a_column("z", "a"),
        a_column("z", "b"),
        an_index("z", "idx_a"),
        an_object(ObjectKind.TRIGGER, "z.trg", parent="z"),
    ]
    for shuffled in (wanted, wanted[::-1], wanted[::2] + wanted[1::2]):
        differences = find_differences(an_expected_catalog(("1", shuffled)), by_identity(()))
        assert [each.expected for each in differences] == wanted


def test_kinds_are_ordered_so_that_an_object_comes_after_those_that_it_depends_on() -> None:
    order = list(ObjectKind)
    for first, then in (
        (ObjectKind.SCHEMA, ObjectKind.TABLE),
        (ObjectKind.EXTENSION, ObjectKind.TABLE),
        (ObjectKind.TABLE, ObjectKind.COLUMN),
        (ObjectKind.COLUMN, ObjectKind.CONSTRAINT),
        (ObjectKind.COLUMN, ObjectKind.INDEX),
        (ObjectKind.FUNCTION, ObjectKind.TRIGGER),
    ):
        assert order.index(first) < order.index(then)


@pytest.mark.parametrize(
    ("lost", "kept"),
    [
        pytest.param(
            ["one"],
            [("1", "one"), ("1", "touch()"), ("2", "one.summary"), ("2", "idx_summary")],
            id="what a missing table of the same migration takes with it is left out",
        ),
        pytest.param(["idx_one"], [("1", "idx_one"), ("1", "touch()")], id="a missing index takes nothing with it"),
        pytest.param(["s"], [("1", "touch()"), ("3", "s")], id="a missing schema takes nothing with it"),
    ],
)
def test_implied_differences(lost: list[str], kept: list[tuple[str, str]]) -> None:
    """`touch()` is missing in every case: it stands on no table."""
    gone = {"touch()", *lost}
    found = [each for each in THIRD if each.identity.name not in gone and each.parent not in gone]
    differences = omit_implied(find_differences(EXPECTED, by_identity(found)), EXPECTED)
    assert sorted((each.version, each.identity.name) for each in differences) == sorted(kept)


def test_an_existing_or_changed_table_implies_nothing() -> None:
    changed = a_table("one", storage="partitioned")
    differences = find_differences(EXPECTED, by_identity([changed, *THIRD[7:]]))
    assert omit_implied(differences, EXPECTED) == differences
    assert len(differences) == 7


def test_a_missing_table_of_one_schema_implies_nothing_in_another() -> None:
    objects = [a_table("one"), a_table("one", schema="s"), a_column("one", "id", schema="s")]
    differences = find_differences(an_expected_catalog(("1", objects)), by_identity([objects[1]]))
    assert omit_implied(differences, EXPECTED) == differences


def test_implied_differences_are_omitted_in_any_order() -> None:
    objects = [a_table("one"), a_column("one", "id"), an_index("one", "idx_one")]
    differences = find_differences(an_expected_catalog(("1", objects)), by_identity([]))
    for shuffled in permutations(differences):
        assert [each.identity.name for each in omit_implied(shuffled, EXPECTED)] == ["one"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param({"type": "text", "not_null": True}, {"type": "uuid", "not_null": True}, id="one attribute"),
        pytest.param({"type": "text", "a": 1}, {"type": "uuid", "a": 2}, id="two attributes"),
        pytest.param({"a": 1}, {"a": 1, "b": 2}, id="an additional attribute"),
        pytest.param({"a": 1, "b": 2}, {"a": 1}, id="an absent attribute"),
    ],
)
def test_any_attribute_that_differs_is_a_change(wanted: dict[str, object], found: dict[str, object]) -> None:
    expected = an_expected_catalog(("1", [an_object(ObjectKind.COLUMN, "one.a", parent="one", **wanted)]))
    actual = an_object(ObjectKind.COLUMN, "one.a", parent="one", **found)
    [difference] = find_differences(expected, by_identity([actual]))
    assert (difference.change, difference.actual) == (Change.CHANGED, actual)
