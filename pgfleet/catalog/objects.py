"""The objects of a catalog. Definitions are text of the server's, never of ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ObjectKind(StrEnum):
    """What an object is; the order is that in which people would put it right."""

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
    """Which object it is. `schema` is None for the tenant's home schema, so that tenants of any schema compare."""

    kind: ObjectKind
    schema: str | None
    name: str

    @property
    def key(self) -> str:
        """One string, as the introspection builds it to tell managed objects from others."""
        return f"{self.kind}|{self.schema or ''}|{self.name}"

    def qualified(self, home: str) -> str:
        """The name with its schema, as a person would write it for a tenant whose home schema is `home`."""
        if self.kind in {ObjectKind.SCHEMA, ObjectKind.EXTENSION}:
            return self.name
        return f"{self.schema or home}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogObject:
    """One object: `attributes` are compared, `definition` is for people, `parent` is what it falls with."""

    identity: Identity
    parent: str | None
    attributes: Mapping[str, Any]
    definition: str

    @property
    def place(self) -> tuple[str | None, str]:
        """Schema and name, under which another object can name this one as its parent."""
        return self.identity.schema, self.identity.name

    @property
    def relation_name(self) -> tuple[str | None, str] | None:
        """Schema and name of the relation that the object is, or is held up by; None of what is no relation.

        They share one space of names, and an index of the same name holds up a key (PostgreSQL manual, 5.10 Schemas).
        """
        if self.identity.kind in RELATIONS:
            return self.place
        if self.identity.kind is ObjectKind.CONSTRAINT and str(self.attributes["definition"]).startswith(KEYS):
            return self.identity.schema, self.identity.name.removeprefix(f"{self.parent}.")
        return None

    @property
    def parent_place(self) -> tuple[str | None, str] | None:
        """The place of what this object stands and falls with, if any: a table, a view, a column, a function."""
        return None if self.parent is None else (self.identity.schema, self.parent)


@dataclass(frozen=True, slots=True, kw_only=True)
class OccupiedName:
    """A relation that has a name which the manifest's need; `table` is the one that an index is on."""

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
    """What one database holds within the manifest's scope.

    `managed` is None where the fingerprint is the expected one: the objects were then not transferred. `unreadable`
    are the tables whose rows the role cannot read; `occupied_names` are relations with names that the manifest needs.
    """

    fingerprint: str
    managed: tuple[CatalogObject, ...] | None
    unexpected: tuple[CatalogObject, ...]
    unreadable: tuple[str, ...] = ()
    occupied_names: tuple[OccupiedName, ...] = ()


def read_object(row: Mapping[str, Any]) -> CatalogObject:
    """One row of the introspection (`kind, schema, name, parent, attributes, definition`) as a value."""
    identity = Identity(kind=ObjectKind(row["kind"]), schema=row["schema"], name=row["name"])
    return CatalogObject(
        identity=identity, parent=row["parent"], attributes=row["attributes"], definition=row["definition"]
    )


def read_occupied_name(row: Mapping[str, Any]) -> OccupiedName:
    """One holder of a name (`kind, schema, name, table`) as a value."""
    return OccupiedName(kind=ObjectKind(row["kind"]), schema=row["schema"], name=row["name"], table=row["table"])
