"""Objects, their identities, and the scope to read."""

import pytest
from unit.literals import a_column, a_key, a_table, an_index, an_object

from pgfleet.catalog.objects import Identity, ObjectKind, read_object
from pgfleet.catalog.scope import EVERYTHING, Scope, scope_of


@pytest.mark.parametrize(
    ("kind", "schema", "name", "qualified"),
    [
        (ObjectKind.TABLE, None, "one", "acme.one"),
        (ObjectKind.TABLE, "ai_guardrails", "policy_rules", "ai_guardrails.policy_rules"),
        (ObjectKind.COLUMN, None, "one.summary", "acme.one.summary"),
        (ObjectKind.TRIGGER, "s", "one.trg", "s.one.trg"),
        (ObjectKind.FUNCTION, None, "f(integer)", "acme.f(integer)"),
        (ObjectKind.SCHEMA, None, "ai_guardrails", "ai_guardrails"),
        (ObjectKind.EXTENSION, None, "vector", "vector"),
    ],
)
def test_an_identity_is_written_with_its_schema(
    kind: ObjectKind, schema: str | None, name: str, qualified: str
) -> None:
    assert Identity(kind=kind, schema=schema, name=name).qualified("acme") == qualified


@pytest.mark.parametrize(
    ("schema", "key"), [(None, "index||idx_one"), ("ai_guardrails", "index|ai_guardrails|idx_one")]
)
def test_the_key_of_an_identity_distinguishes_the_home_schema(schema: str | None, key: str) -> None:
    assert Identity(kind=ObjectKind.INDEX, schema=schema, name="idx_one").key == key


def test_an_object_stands_and_falls_with_its_parent_in_its_own_schema() -> None:
    assert a_column("one", "id", schema="s").parent_place == a_table("one", schema="s").place == ("s", "one")
    assert a_column("one", "id").parent_place == a_table("one").place == (None, "one")
    assert a_table("one").parent_place is None


def test_a_row_of_the_introspection_is_read_completely() -> None:
    row = {
        "kind": "column",
        "schema": None,
        "name": "one.id",
        "parent": "one",
        "attributes": {"type": "uuid"},
        "definition": "uuid",
        "digest": "column||one.id [('type', 'uuid')]",
    }
    assert read_object(row) == an_object(ObjectKind.COLUMN, "one.id", parent="one", definition="uuid", type="uuid")


def test_a_row_of_an_unknown_kind_is_not_read() -> None:
    row = {"kind": "cast", "schema": None, "name": "x", "parent": None, "attributes": {}, "definition": ""}
    with pytest.raises(ValueError, match="cast"):
        read_object(row)


def test_the_scope_is_the_managed_objects_and_what_they_stand_in() -> None:
    objects = (
        an_object(ObjectKind.SCHEMA, "s"),
        an_object(ObjectKind.EXTENSION, "vector"),
        a_table("one"),
        a_column("one", "id"),
        an_index("one", "idx_one"),
        an_object(ObjectKind.TRIGGER, "one.trg", parent="one"),
        a_key("one", "one_pkey"),
        a_table("two", schema="s"),
        an_object(ObjectKind.SEQUENCE, "two_id_seq", schema="s"),
        an_object(ObjectKind.FUNCTION, "f(integer, text)"),
        an_object(ObjectKind.FUNCTION, "g()", schema="s"),
        an_object(ObjectKind.FUNCTION, "h(i(text)"),
        an_object(ObjectKind.VIEW, "seen"),
        an_object(ObjectKind.TYPE, "mood", schema="s"),
        an_object(ObjectKind.PRIVILEGE, "one SELECT TO app", parent="one", object="one", grantee="app"),
        an_object(ObjectKind.PRIVILEGE, "one INSERT TO app", parent="one", object="one", grantee="app"),
        an_object(ObjectKind.POLICY, "one.own", parent="one"),
    )
    assert scope_of(objects) == Scope(
        everything=False,
        schemas=("s",),
        relations=((None, "one"), ("s", "two"), ("s", "two_id_seq"), (None, "seen")),
        functions=((None, "f"), ("s", "g"), (None, "h(i")),
        types=(("s", "mood"),),
        names=(
            (None, "one"),
            (None, "idx_one"),
            (None, "one_pkey"),
            ("s", "two"),
            ("s", "two_id_seq"),
            (None, "seen"),
        ),
        extensions=("vector",),
        grantees=("|one|app",),
        managed=tuple(each.identity.key for each in objects),
    )


def test_kinds_that_few_manifests_have_are_asked_for_where_the_manifest_has_any() -> None:
    seldom = {ObjectKind.TYPE, ObjectKind.VIEW, ObjectKind.POLICY}
    plain = scope_of([a_table("one"), an_object(ObjectKind.SCHEMA, "s")])
    assert ({*plain.rare_kinds}, {*plain.kinds} & seldom) == (seldom, set())
    viewed = scope_of([an_object(ObjectKind.VIEW, "v")])
    assert ({*viewed.rare_kinds}, {*viewed.kinds} & seldom) == (seldom - {ObjectKind.VIEW}, {ObjectKind.VIEW})
    assert (EVERYTHING.rare_kinds, {*EVERYTHING.kinds}) == ((), {*ObjectKind})


def test_the_scope_of_nothing_is_nothing_and_not_everything() -> None:
    assert scope_of(()) == Scope()
    assert scope_of(()) != EVERYTHING
