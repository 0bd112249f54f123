"""Which objects an introspection looks at."""

from collections.abc import Iterable
from dataclasses import dataclass

from pgfleet.catalog.model import CatalogObject, Identity, ObjectKind

RELATIONS = frozenset({ObjectKind.TABLE, ObjectKind.SEQUENCE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whole schemas, single relations, functions (by name) and extensions; `everything` is for a scratch database.

    A schema of None is the home schema. `managed` holds the identity keys of what the manifest manages.
    """

    everything: bool = False
    schemas: tuple[str, ...] = ()
    relations: tuple[tuple[str | None, str], ...] = ()
    functions: tuple[tuple[str | None, str], ...] = ()
    extensions: tuple[str, ...] = ()
    managed: tuple[str, ...] = ()


EVERYTHING = Scope(everything=True)


def scope_of(objects: Iterable[CatalogObject]) -> Scope:
    """What to look at to judge these objects, and to see what else stands on their tables and in their schemas."""
    identities = [each.identity for each in objects]
    return Scope(
        schemas=tuple(each.name for each in identities if each.kind is ObjectKind.SCHEMA),
        relations=tuple((each.schema, each.name) for each in identities if each.kind in RELATIONS),
        functions=tuple((each.schema, _bare(each)) for each in identities if each.kind is ObjectKind.FUNCTION),
        extensions=tuple(each.name for each in identities if each.kind is ObjectKind.EXTENSION),
        managed=tuple(each.key for each in identities),
    )


def _bare(function: Identity) -> str:
    return function.name.rsplit("(", 1)[0]
