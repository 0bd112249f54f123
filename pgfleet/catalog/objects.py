"""The objects of a catalog. Definitions are the server's text, never pgfleet's."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ObjectKind(StrEnum):
    """The kinds of objects, in the order in which a person would fix them."""

    SCHEMA = "schema"
    EXTENSION = "extension"
    TYPE = "type"
    FUNCTION = "function"
    SEQUENCE = "sequence"
    TABLE = "table"
    COLUMN = "column"
    CONSTRAINT = "constraint"
    INDEX = "index"
    VIEW = "view"
    TRIGGER = "trigger"
    POLICY = "policy"
    PRIVILEGE = "privilege"


class Change(StrEnum):
    """How an object differs from the expected one."""

    MISSING = "missing"
    CHANGED = "changed"


RELATIONS = frozenset({ObjectKind.TABLE, ObjectKind.VIEW, ObjectKind.INDEX, ObjectKind.SEQUENCE})
KEYS = ("PRIMARY", "UNIQUE", "EXCLUDE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Identifies an object. `schema` is None for the tenant's home schema, so that tenants in any schema compare."""

    kind: ObjectKind
    schema: str | None
    name: str

    @property
    def key(self) -> str:
        """The identity as one string, as the introspection builds it to find managed objects."""
        return f"{self.kind}|{self.schema or ''}|{self.name}"

    def qualified(self, home: str) -> str:
        """The schema-qualified name in a tenant whose home schema is `home`."""
        if self.kind in {ObjectKind.SCHEMA, ObjectKind.EXTENSION}:
            return self.name
        return f"{self.schema or home}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogObject:
    """One object: `attributes` are compared, `definition` is shown, and dropping `parent` drops the object.

    `digest` is SHA-256 in hexadecimal of the object's identity and attributes, as the server computes it.
    """

    identity: Identity
    parent: str | None
    attributes: Mapping[str, Any]
    definition: str
    digest: str = ""

    @property
    def place(self) -> tuple[str | None, str]:
        """Schema and name, by which another object refers to this one as its parent."""
        return self.identity.schema, self.identity.name

    @property
    def part(self) -> str:
        """The name of a part of a relation without that of the relation; quoted if it contains a dot."""
        parent = self.parent or ""
        label = '"{}"'.format(parent.replace('"', '""')) if "." in parent else parent
        return self.identity.name.removeprefix(f"{label}.")

    @property
    def relation_name(self) -> tuple[str | None, str] | None:
        """Schema and name of the object's relation: its own, or the index behind a key; None if it has no relation.

        All relations of a schema share one namespace, and a key's index has the key's name (PostgreSQL manual, 5.10
        Schemas).
        """
        if self.identity.kind in RELATIONS:
            return self.place
        if self.identity.kind is ObjectKind.CONSTRAINT and str(self.attributes["definition"]).startswith(KEYS):
            return self.identity.schema, self.identity.name.removeprefix(f"{self.parent}.")
        return None

    @property
    def parent_place(self) -> tuple[str | None, str] | None:
        """The place of the parent (a table, view, column, or function), if any."""
        return None if self.parent is None else (self.identity.schema, self.parent)


@dataclass(frozen=True, slots=True, kw_only=True)
class OccupiedName:
    """A relation that has a name that the manifest's relations need; `table` is the table of an index."""

    kind: ObjectKind
    schema: str | None
    name: str
    table: str | None

    @property
    def place(self) -> tuple[str | None, str]:
        """Schema and name."""
        return self.schema, self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """What one database contains within the manifest's scope.

    `managed` is None if the fingerprint is the expected one: the objects were not transferred. `unreadable`
    are the tables whose rows the role cannot read; `occupied_names` are relations with names that the manifest needs.
    `other_tables` is the number of the tenant's tables if none of the manifest's exist, and otherwise None.
    `unexpected_left_out` is the number of unexpected objects that were not transferred.
    """

    fingerprint: str
    managed: tuple[CatalogObject, ...] | None
    unexpected: tuple[CatalogObject, ...]
    unreadable: tuple[str, ...] = ()
    occupied_names: tuple[OccupiedName, ...] = ()
    other_tables: int | None = None
    unexpected_left_out: int = 0


def read_object(row: Mapping[str, Any]) -> CatalogObject:
    """An object from a row of the introspection (`kind, schema, name, parent, attributes, definition, digest`)."""
    identity = Identity(kind=ObjectKind(row["kind"]), schema=row["schema"], name=row["name"])
    return CatalogObject(
        identity=identity,
        parent=row["parent"],
        attributes=row["attributes"],
        definition=row["definition"],
        digest=row["digest"],
    )


def read_occupied_name(row: Mapping[str, Any]) -> OccupiedName:
    """An occupied name from a row of its query (`kind, schema, name, table`)."""
    return OccupiedName(kind=ObjectKind(row["kind"]), schema=row["schema"], name=row["name"], table=row["table"])
