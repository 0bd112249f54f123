"""Provenance: which migration created, changed, dropped, or re-created an object."""

from dataclasses import replace

import pytest
from unit.literals import a_column, a_table, an_expected_catalog, an_index

from pgfleet.catalog.expected import Provenance
from pgfleet.catalog.objects import CatalogObject, Change
from pgfleet.catalog.reapply import Reapplicable
from pgfleet.catalog.scope import scope_of

A = a_table("a", storage="plain")
A_CHANGED = a_table("a", storage="partitioned")
A_AGAIN_CHANGED = a_table("a", storage="unlogged")
B = a_table("b", storage="plain")


def told(provenances: tuple[Provenance, ...]) -> list[tuple[str, str, str]]:
    """Name, maker, and the versions of all steps."""
    return [
        (each.object.identity.name, each.maker, " ".join(step.version for step in each.steps)) for each in provenances
    ]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        pytest.param([], [], id="no migrations"),
        pytest.param([("1", [])], [], id="nothing made"),
        pytest.param([("1", [A])], [("a", "1", "1")], id="made"),
        pytest.param([("1", [A]), ("2", [A]), ("3", [A])], [("a", "1", "1")], id="made and left alone"),
        pytest.param([("1", [A]), ("2", [A, B])], [("a", "1", "1"), ("b", "2", "2")], id="two makers"),
        pytest.param([("1", []), ("2", [A])], [("a", "2", "2")], id="made later"),
        pytest.param([("1", [A]), ("2", [A_CHANGED])], [("a", "1", "1 2")], id="changed"),
        pytest.param(
            [("1", [A]), ("2", [A_CHANGED]), ("3", [A_CHANGED]), ("4", [A_AGAIN_CHANGED])],
            [("a", "1", "1 2 4")],
            id="changed twice",
        ),
        pytest.param([("1", [A]), ("2", [A_CHANGED]), ("3", [A])], [("a", "1", "1 2 3")], id="changed back"),
        pytest.param([("1", [A, B]), ("2", [B])], [("b", "1", "1")], id="dropped"),
        pytest.param([("1", [A]), ("2", []), ("3", [A])], [("a", "3", "3")], id="dropped and remade"),
        pytest.param(
            [("1", [A]), ("2", [A_CHANGED]), ("3", []), ("4", [A]), ("5", [A_CHANGED])],
            [("a", "4", "4 5")],
            id="changed, dropped, remade and changed",
        ),
        pytest.param(
            [("20250328", [A]), ("20250321", [A_CHANGED])],
            [("a", "20250328", "20250328 20250321")],
            id="in the manifest's order, not the versions'",
        ),
    ],
)
def test_provenance(after: list[tuple[str, list[CatalogObject]]], expected: list[tuple[str, str, str]]) -> None:
    assert told(an_expected_catalog(*after).provenances) == expected


def test_each_step_holds_the_object_as_that_migration_left_it() -> None:
    [provenance] = an_expected_catalog(("1", [A]), ("2", [A_CHANGED]), ("3", [A_CHANGED])).provenances
    assert [(step.version, step.object) for step in provenance.steps] == [("1", A), ("2", A_CHANGED)]
    assert provenance.object == A_CHANGED


def test_another_definition_of_the_same_attributes_is_no_change_and_the_latest_is_what_people_read() -> None:
    renamed = a_column("a", "id", type="uuid")
    reworded = type(renamed)(
        identity=renamed.identity, parent="a", attributes=renamed.attributes, definition="uuid, in other words"
    )
    [provenance] = an_expected_catalog(("1", [renamed]), ("2", [reworded])).provenances
    assert (provenance.maker, len(provenance.steps)) == ("1", 1)
    assert provenance.object.definition == "uuid, in other words"


def test_objects_of_one_name_in_two_schemas_or_of_two_kinds_are_not_the_same() -> None:
    objects = [a_table("a"), a_table("a", schema="s"), an_index("a", "a")]
    assert told(an_expected_catalog(("1", objects[:1]), ("2", objects[:2]), ("3", objects)).provenances) == [
        ("a", "1", "1"),
        ("a", "2", "2"),
        ("a", "3", "3"),
    ]


def test_the_scope_covers_every_object_that_ever_existed_and_the_names_that_the_last_ones_need() -> None:
    expected = an_expected_catalog(("1", [A, B]), ("2", [B]))
    assert expected.scope == replace(scope_of([A, B]), names=((None, "b"),))


def test_at_a_position_the_catalog_is_the_one_after_its_migrations() -> None:
    expected = an_expected_catalog(("1", [A]), ("2", [A_CHANGED]), ("3", [A_CHANGED, B]), ("4", [B]))
    places = [frozenset(), frozenset("1"), frozenset("12"), frozenset("123"), frozenset("1234")]
    assert [[each.object for each in expected.at(applied).provenances] for applied in places] == [
        [],
        [A],
        [A_CHANGED],
        [A_CHANGED, B],
        [B],
    ]
    assert [expected.known_fingerprints[expected.at(applied).fingerprint] for applied in places] == [0, 1, 2, 3, 4]


def test_what_a_rerun_restores_is_claimed_at_a_position_where_nothing_changes_the_object_later() -> None:
    expected = replace(
        an_expected_catalog(("1", [A, B]), ("2", [A_CHANGED, B])),
        reapplicable=Reapplicable(missing=frozenset({A.identity, B.identity})),
    )
    found = expected.at(frozenset("1")).reapplicable
    assert [found.restores(each.identity, Change.MISSING) for each in (A, B)] == [False, True]
