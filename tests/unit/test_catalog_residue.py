"""What a down script leaves behind, and what it does not restore."""

from unit.literals import a_table, an_object

from pgfleet.catalog.objects import ObjectKind
from pgfleet.catalog.residue import describe_residue, find_residue


def test_the_same_objects_leave_no_residue() -> None:
    assert not find_residue([a_table("one")], [a_table("one")])


def test_a_residue_names_objects_without_what_belongs_to_them() -> None:
    index = an_object(ObjectKind.INDEX, "one_name", parent="one", definition="CREATE INDEX")
    other = an_object(ObjectKind.FUNCTION, "says()", body="now")
    found = find_residue(
        [a_table("two"), an_object(ObjectKind.FUNCTION, "says()", body="before")], [index, a_table("one"), other]
    )
    assert describe_residue(found, "acme") == (
        "leaves behind table acme.one and does not restore table acme.two and leaves changed function acme.says()"
    )


def test_many_objects_are_counted() -> None:
    found = find_residue([], [a_table(f"t{n}") for n in range(7)])
    assert describe_residue(found, "public") == (
        "leaves behind table public.t0, table public.t1, table public.t2, table public.t3, table public.t4 and 2 more"
    )
