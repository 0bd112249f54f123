"""What a down script leaves behind, and what it does not restore."""

from collections.abc import Iterable
from dataclasses import dataclass

from pgfleet.catalog.objects import CatalogObject, ObjectKind
from pgfleet.wording import listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Residue:
    """The objects that are `left` behind, and those that are missing or not as they were before the migration."""

    left: tuple[CatalogObject, ...] = ()
    missing: tuple[CatalogObject, ...] = ()
    changed: tuple[CatalogObject, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.left or self.missing or self.changed)


NO_RESIDUE = Residue()


def find_residue(before: Iterable[CatalogObject], after: Iterable[CatalogObject]) -> Residue:
    """How the objects after a down script differ from those before the migration."""
    old, new = ({each.identity: each for each in objects} for objects in (before, after))
    return Residue(
        left=tuple(each for name, each in new.items() if name not in old),
        missing=tuple(each for name, each in old.items() if name not in new),
        changed=tuple(each for name, each in old.items() if name in new and new[name].attributes != each.attributes),
    )


def describe_residue(residue: Residue, home: str) -> str:
    """`leaves behind table public.users and does not restore index public.users_name`."""
    parts = (
        ("leaves behind", residue.left),
        ("does not restore", residue.missing),
        ("leaves changed", residue.changed),
    )
    return " and ".join(f"{verb} {_listed(objects, home)}" for verb, objects in parts if objects)


def _listed(objects: tuple[CatalogObject, ...], home: str) -> str:
    """The first few, in the order of their kinds, without those that belong to another one of them."""
    places, kinds = {each.place for each in objects}, list(ObjectKind)
    own = [each.identity for each in objects if each.parent_place not in places]
    shown = sorted(own, key=lambda each: (kinds.index(each.kind), each.name))
    names = [f"{each.kind} {each.qualified(home)}" for each in shown]
    return listed(names)
