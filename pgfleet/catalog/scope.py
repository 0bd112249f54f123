"""Which objects an introspection looks at."""

from collections.abc import Iterable
from dataclasses import dataclass

from pgfleet.catalog.objects import CatalogObject, Identity, ObjectKind

RARE_KINDS = (ObjectKind.TYPE, ObjectKind.VIEW, ObjectKind.POLICY)
"""Few manifests have any, and to plan their queries takes a server a third as long as all others together."""
RELATIONS = frozenset({ObjectKind.TABLE, ObjectKind.SEQUENCE, ObjectKind.VIEW})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whole schemas, single relations, functions (by name), types, extensions; `everything` is for a scratch database.

    A schema of None is the home schema. `managed` holds the identity keys of what the manifest manages, `grantees` to
    whom it grants something on which object, `names` those that its relations need.
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
        """The kinds to be asked for in any case: of the others nothing can be found within the scope, or seldom is."""
        asked_for = {
            ObjectKind.SCHEMA: self.schemas,
            ObjectKind.EXTENSION: self.extensions,
            ObjectKind.FUNCTION: self.functions or self.schemas,
            ObjectKind.PRIVILEGE: self.grantees,
            **dict.fromkeys(self.rare_kinds, ()),
        }
        return tuple(each for each in ObjectKind if self.everything or asked_for.get(each, True))

    @property
    def rare_kinds(self) -> tuple[ObjectKind, ...]:
        """Kinds of which the manifest has nothing: they are read where a tenant has something of them in the scope."""
        managed = {each.partition("|")[0] for each in self.managed}
        return () if self.everything else tuple(each for each in RARE_KINDS if each not in managed)


EVERYTHING = Scope(everything=True)


def scope_of(objects: Iterable[CatalogObject]) -> Scope:
    """What to look at to judge these objects, and to see what else stands on their tables and in their schemas."""
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
    """One string, as the introspection builds it to tell the manifest's grantees from others."""
    attributes = privilege.attributes
    return f"{privilege.identity.schema or ''}|{attributes['object']}|{attributes['grantee']}"


def _bare(function: Identity) -> str:
    return function.name.rsplit("(", 1)[0]
