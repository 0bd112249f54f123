"""Differences that need a person, and the dependents of an object that is created again."""

import pytest
from unit.repair_objects import (
    a_column,
    a_domain,
    a_privilege,
    a_table,
    a_type,
    a_view,
    an_extension,
    changed,
    made,
    missing,
)

from pgfleet.catalog.objects import CatalogObject
from pgfleet.catalog.repair_facts import Dependent, RepairFacts
from pgfleet.repair.model import ManualRepairNeeded


def depending(*objects: CatalogObject) -> RepairFacts:
    """That these depend on the object, each on what comes before it."""
    return RepairFacts(
        dependents=tuple(Dependent(identity=each.identity, description=each.identity.name) for each in objects)
    )


LEFT = {
    "a table": (a_table(), None, "the table was lost with its rows"),
    "a partitioned table": (a_table(form="partitioned"), a_table(), "its form is ordinary: re-create the table"),
    "another partition key": (
        a_table(form="partitioned", partition_key="LIST (a)"),
        a_table(form="partitioned", partition_key="LIST (b)"),
        "its partition key is LIST",
    ),
    "a foreign table elsewhere": (a_table(server="a"), a_table(server="b"), "its server is b"),
    "a rule in unknown words": (a_table(rules=["CREATE X"]), a_table(), "unknown format"),
    "a generated column": (a_column(generated="s"), a_column(), "only a new column can be"),
    "a virtual column": (a_column(), a_column(generated="v"), "virtual generated column"),
    "a generated column of another type": (
        a_column(generated="s", default="a"),
        a_column(generated="s", default="a", type="integer"),
        "the type of a generated column",
    ),
    "another expression": (
        a_column(generated="s", default="a"),
        a_column(generated="s", default="b"),
        "before PostgreSQL 17",
    ),
    "the NOT NULL of an identity column": (
        a_column(not_null="NO INHERIT", identity="a"),
        a_column(not_null=True, identity="a"),
        "the NOT NULL of an identity column cannot be dropped",
    ),
    "another form of type": (a_type("enum", labels=[]), a_domain(), "not of the expected form enum"),
    "a range": (a_type("range", subtype="a"), a_type("range", subtype="b"), "a range type cannot be altered"),
    "labels in another order": (
        a_type("enum", labels=["a", "b"]),
        a_type("enum", labels=["b", "a"]),
        "in another order",
    ),
    "a label too many": (a_type("enum", labels=["a"]), a_type("enum", labels=["a", "b"]), "it has an unexpected label"),
    "attributes in another order": (
        a_type("composite", attributes=["a text", "b text"]),
        a_type("composite", attributes=["b text", "a text"]),
        "in another order",
    ),
    "an attribute of another type": (
        a_type("composite", attributes=["a text"]),
        a_type("composite", attributes=["a integer"]),
        "ALTER TYPE y ALTER ATTRIBUTE a TYPE text works only if no table has a column of this type",
    ),
    "an attribute that rows may have had": (
        a_type("composite", attributes=["a text", "b text"]),
        a_type("composite", attributes=["a text"]),
        "rows with this type have lost the values of b: add the attribute, and restore them from a backup",
    ),
    "an attribute too many": (
        a_type("composite", attributes=["a text"]),
        a_type("composite", attributes=["a text", "b text"]),
        "unexpected attributes, which rows may use: b",
    ),
    "a domain of something else": (a_domain(base="integer"), a_domain(), "its base type is text"),
}


@pytest.mark.parametrize(("wanted", "found", "reason"), LEFT.values(), ids=LEFT.keys())
def test_a_difference_that_no_statement_can_fix_needs_a_person(
    wanted: CatalogObject, found: CatalogObject | None, reason: str
) -> None:
    with pytest.raises(ManualRepairNeeded, match=reason):
        made(missing(wanted) if found is None else changed(wanted, found))


def test_an_attribute_that_no_row_had_is_added() -> None:
    wanted, found = (a_type("composite", attributes=each) for each in (["a text", '"b c" integer'], ["a text"]))
    facts = RepairFacts(has_rows=False)
    assert made(changed(wanted, found), facts=facts) == ['ALTER TYPE y ADD ATTRIBUTE "b c" integer -- MAY_FAIL']


RETYPED = changed(a_column(), a_column(type="varchar(9)"))
FIRST = a_view(" SELECT t.c\n   FROM t", name="first")
SECOND = a_view(" SELECT c\n   FROM first", name="second")
BESIDE = a_view(" SELECT t.d\n   FROM t", name="beside")


def test_what_depends_on_a_column_is_dropped_before_its_type_changes_and_made_again() -> None:
    statements = made(RETYPED, BESIDE, SECOND, FIRST, facts=depending(FIRST, SECOND))
    assert [each.split(" -- ")[0].split(" AS\n")[0] for each in statements] == [
        "DROP VIEW IF EXISTS second",
        "DROP VIEW IF EXISTS first",
        "ALTER TABLE t ALTER COLUMN c TYPE text USING c::text",
        "CREATE VIEW first",
        "CREATE VIEW second",
    ]


def test_what_else_depends_on_an_object_is_named() -> None:
    own = RepairFacts(
        dependents=(Dependent(identity=None, description="operator +(t, t)"), *depending(FIRST).dependents)
    )
    with pytest.raises(ManualRepairNeeded, match=r"which the manifest does not re-create: operator \+\(t, t\), first$"):
        made(RETYPED, facts=own)


def test_a_type_without_a_cast_needs_a_person() -> None:
    with pytest.raises(ManualRepairNeeded, match=r"there is no cast from varchar\(9\) to text"):
        made(RETYPED, facts=RepairFacts(has_cast=False))


def test_an_extension_is_updated_only_along_a_path() -> None:
    difference = changed(an_extension("1.5"), an_extension("1.6"))
    with pytest.raises(ManualRepairNeeded, match=r"no update path from version 1\.6 to 1\.5"):
        made(difference, facts=RepairFacts(has_path=False))


def test_the_home_schema_is_named_where_a_repair_runs() -> None:
    definition = "GRANT USAGE ON SCHEMA acme TO app WITH GRANT OPTION"
    [statement] = made(missing(a_privilege(definition, on="SCHEMA")))
    assert statement == (
        "late: DO 'BEGIN EXECUTE pg_catalog.format("
        "''GRANT USAGE ON SCHEMA %I TO app WITH GRANT OPTION'', pg_catalog.current_schema()); END'"
    )
