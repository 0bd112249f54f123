"""The objects of a catalog. Definitions are text of the server's, never of ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ObjectKind(StrEnum):
    """What an object is; the order is that in which people would put it right."""

    SCHEMA = "schema"
    EXTENSION = "extension"
    FUNCTION = "function"
    TABLE = "table"
    COLUMN = "column"
    SEQUENCE = "sequence"
    CONSTRAINT = "constraint"
    INDEX = "index"
    TRIGGER = "trigger"


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
    """One object: `attributes` are compared, `definition` is for people, `parent` names the table that it is on."""

    identity: Identity
    parent: str | None
    attributes: Mapping[str, Any]
    definition: str

    @property
    def table(self) -> Identity | None:
        """The table that this object stands and falls with, if any."""
        if self.parent is None:
            return None
        return Identity(kind=ObjectKind.TABLE, schema=self.identity.schema, name=self.parent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """What one database holds within the manifest's scope.

    `managed` is None where the fingerprint was the expected one: its objects were then not transferred. `unreadable`
    names the tables whose rows this role may not read.
    """

    fingerprint: str
    managed: tuple[CatalogObject, ...] | None
    unexpected: tuple[CatalogObject, ...]
    unreadable: tuple[str, ...] = ()


def read_object(row: Mapping[str, Any]) -> CatalogObject:
    """One row of the introspection (`kind, schema, name, parent, attributes, definition`) as a value."""
    identity = Identity(kind=ObjectKind(row["kind"]), schema=row["schema"], name=row["name"])
    return CatalogObject(
        identity=identity, parent=row["parent"], attributes=row["attributes"], definition=row["definition"]
    )
