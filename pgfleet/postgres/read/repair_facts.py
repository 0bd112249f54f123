"""Reads what the repairs of a tenant's differences have to know of it, in one round trip."""

import json
from collections.abc import Sequence
from typing import Any

from pgfleet.catalog.differences import Difference
from pgfleet.catalog.objects import ObjectKind
from pgfleet.catalog.repair_facts import Facts, read_facts
from pgfleet.postgres.query import Query
from pgfleet.postgres.session import Session
from pgfleet.repair.names import own_name
from pgfleet.run.shipped import statement

PARTS = frozenset({ObjectKind.COLUMN, ObjectKind.CONSTRAINT})


def read_repair_facts(session: Session, differences: Sequence[Difference]) -> Facts:
    """The facts by the object's identity; no round trip if there are no differences. Raises a DatabaseError."""
    if not differences:
        return {}
    targets = json.dumps([_target(each, session.home) for each in differences])
    query = Query(statement("introspection/repair_facts"), {"targets": targets, "home": session.home})
    [rows] = session.fetch(query)
    return {each.identity: read_facts(row) for each, row in zip(differences, rows, strict=True)}


def _target(difference: Difference, home: str) -> dict[str, Any]:
    wanted = difference.expected
    return {
        "kind": wanted.identity.kind,
        "schema": wanted.identity.schema or home,
        "parent": wanted.parent,
        "name": own_name(wanted) if wanted.identity.kind in PARTS else wanted.identity.name,
        "type": wanted.attributes.get("type") if wanted.identity.kind is ObjectKind.COLUMN else None,
        "version": wanted.attributes.get("version"),
    }
