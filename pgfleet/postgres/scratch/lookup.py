"""Reads some objects of a scratch database."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pgfleet.catalog.objects import CatalogObject, Identity, ObjectKind
from pgfleet.catalog.scope import EVERYTHING, Scope, scope_of
from pgfleet.postgres.read.introspection import catalog_query, read_catalog_row
from pgfleet.postgres.session import Session


def look_up(
    session: Session, objects: Sequence[CatalogObject], equivalents: Mapping[str, str]
) -> Mapping[Identity, CatalogObject]:
    """These objects as they are now, if they exist, possibly among others. Raises a DatabaseError."""
    if not objects:
        return {}
    kinds = tuple(dict.fromkeys(each.identity.kind for each in objects))
    query = catalog_query(_scope(objects), home=session.home, equivalents=equivalents, kinds=kinds)
    [[row]] = session.fetch(query)
    return {each.identity: each for each in read_catalog_row(row, session).managed or ()}


def _scope(objects: Sequence[CatalogObject]) -> Scope:
    """The objects and the relations that they belong to."""
    if any(each.identity.kind is ObjectKind.PRIVILEGE for each in objects):
        return EVERYTHING  # the parent of a privilege may be of any kind
    parents = {each.parent_place for each in objects}
    scope = scope_of(objects)
    return replace(scope, relations=(*scope.relations, *filter(None, parents)))
