"""Chains of states, from the catalogs after each migration."""

from pgfleet.catalog.history import History, fingerprint_of, trace
from pgfleet.catalog.objects import CatalogObject, Identity, ObjectKind


def an_object(name: str, text: str = "one", kind: ObjectKind = ObjectKind.TABLE) -> CatalogObject:
    identity = Identity(kind=kind, schema=None, name=name)
    return CatalogObject(
        identity=identity, parent=None, attributes={"text": text}, definition=text, digest=f"{name} {text}"
    )


F1, F2, T = an_object("f", "one"), an_object("f", "two"), an_object("t")
HISTORY = trace([("1", [T]), ("2", [T]), ("3", [T, F1]), ("4", [T, F2]), ("5", [T]), ("6", [T, F2])])


def chain_of(history: History, name: str) -> list[tuple[str, CatalogObject | None]]:
    [chain] = [each for each in history.chains if each.identity.name == name]
    return [(link.version, link.state) for link in chain.links]


def test_a_chain_has_a_link_for_each_migration_that_changes_the_object() -> None:
    assert chain_of(HISTORY, "t") == [("1", T)]
    assert chain_of(HISTORY, "f") == [("3", F1), ("4", F2), ("5", None), ("6", F2)]


def test_a_state_that_occurs_several_times_matches_each_of_its_places() -> None:
    [chain] = [each for each in HISTORY.chains if each.identity == F1.identity]
    assert [chain.matches(each) for each in (None, F1, F2, an_object("f", "three"))] == [(0, 3), (1,), (2, 4), ()]


def test_the_life_of_an_object_begins_where_it_was_last_created() -> None:
    [chain] = [each for each in HISTORY.chains if each.identity == F1.identity]
    assert [[link.version for link in chain.life(n)] for n in range(5)] == [[], ["3"], ["3", "4"], [], ["6"]]


def test_a_migration_without_a_link_is_traceless() -> None:
    assert HISTORY.traceless == {"2"}


def test_a_definition_that_is_written_in_another_way_is_no_new_state() -> None:
    rewritten = CatalogObject(
        identity=T.identity, parent=None, attributes=T.attributes, definition="ONE", digest=T.digest
    )
    assert chain_of(trace([("1", [T]), ("2", [rewritten])]), "t") == [("1", rewritten)]


def test_fingerprints_are_those_of_the_objects_that_exist_at_each_position() -> None:
    catalogs = [[], [T], [T], [T, F1], [T, F2], [T], [T, F2]]
    assert list(HISTORY.fingerprints()) == [fingerprint_of(each.digest for each in catalog) for catalog in catalogs]
