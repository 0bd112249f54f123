"""Which objects an introspection reads."""

from collections.abc import Iterable
from dataclasses import dataclass

from pgfleet.catalog.objects import CatalogObject, Identity, ObjectKind

RARE_KINDS = (ObjectKind.TYPE, ObjectKind.VIEW, ObjectKind.POLICY)
"""Kinds that few manifests contain. Planning their queries takes a third as long as planning all the others."""
RELATIONS = frozenset({ObjectKind.TABLE, ObjectKind.SEQUENCE, ObjectKind.VIEW})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The schemas, relations, functions (by name), types, and extensions to read; `everything` in a scratch database.

    A schema of None is the home schema. `managed` are the identity keys of the manifest's objects, `grantees` the keys
    of the manifest's grants (schema, object, grantee), and `names` the names that the manifest's relations need.
    """

    everything: bool = False
    schemas: tuple[str, ...] = ()
    relations: tuple[tuple[str | None, str], ...] = ()
    functions: tuple[tuple[str | None, str], ...] = ()
    types: tuple[tuple[str | None, str], ...] = ()
    extensions: tuple[str, ...] = ()
    grantees: tuple[str, ...] = ()
    names: tuple[tuple[str | None, str], ...] = ()
    managed: tuple[str, ...] = ()

    @property
    def kinds(self) -> tuple[ObjectKind, ...]:
        """The kinds to read always; the scope contains no objects of the other kinds, or rarely does."""
        relevant = {
            ObjectKind.SCHEMA: self.schemas,
            ObjectKind.EXTENSION: self.extensions,
            ObjectKind.FUNCTION: self.functions or self.schemas,
            ObjectKind.PRIVILEGE: self.grantees,
            **dict.fromkeys(self.rare_kinds, ()),
        }
        return tuple(each for each in ObjectKind if self.everything or relevant.get(each, True))

    @property
    def rare_kinds(self) -> tuple[ObjectKind, ...]:
        """Rare kinds that the manifest does not contain: read only if the tenant has such objects within the scope."""
        managed = {each.partition("|")[0] for each in self.managed}
        return () if self.everything else tuple(each for each in RARE_KINDS if each not in managed)


EVERYTHING = Scope(everything=True)


def scope_of(objects: Iterable[CatalogObject]) -> Scope:
    """What to read to judge these objects and to find unexpected objects on their tables and in their schemas."""
    found = tuple(objects)
    identities = [each.identity for each in found]
    return Scope(
        schemas=tuple(each.name for each in identities if each.kind is ObjectKind.SCHEMA),
        relations=tuple((each.schema, each.name) for each in identities if each.kind in RELATIONS),
        functions=tuple((each.schema, _bare(each)) for each in identities if each.kind is ObjectKind.FUNCTION),
        types=tuple((each.schema, each.name) for each in identities if each.kind is ObjectKind.TYPE),
        grantees=tuple(dict.fromkeys(_grantee(each) for each in found if each.identity.kind is ObjectKind.PRIVILEGE)),
        extensions=tuple(each.name for each in identities if each.kind is ObjectKind.EXTENSION),
        names=tuple(name for each in found if (name := each.relation_name)),
        managed=tuple(each.key for each in identities),
    )


def _grantee(privilege: CatalogObject) -> str:
    """The grant as one string, as the introspection builds it to find the manifest's grantees."""
    attributes = privilege.attributes
    return f"{privilege.identity.schema or ''}|{attributes['object']}|{attributes['grantee']}"


def _bare(function: Identity) -> str:
    return function.name.rsplit("(", 1)[0]
