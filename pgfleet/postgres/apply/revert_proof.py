"""Proves that a tenant is at the position before a migration that was just reverted."""

from collections.abc import Collection

from pgfleet.catalog.differences import Difference, find_differences
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import CatalogObject, Change, Identity, ObjectKind
from pgfleet.catalog.residue import Residue, describe_residue
from pgfleet.catalog.shared_objects import is_shared
from pgfleet.documents.findings import DifferenceEntry
from pgfleet.errors import RevertNotProven
from pgfleet.judge.migration import difference_entry
from pgfleet.manifest.home_schema import DEFAULT
from pgfleet.postgres.apply.execution import is_worse
from pgfleet.postgres.query import Query
from pgfleet.postgres.read.comparison import TenantInspection
from pgfleet.postgres.read.inspection import inspect
from pgfleet.postgres.session import Session
from pgfleet.run.context import RunContext
from pgfleet.run.shipped import statement

RELATIONS = frozenset({ObjectKind.TABLE, ObjectKind.VIEW})
Dependent = tuple[str, str, str]
"""A view or a foreign key: kind, schema, and name; that of a key begins with its table's."""


def prove_reverted(session: Session, context: RunContext, before: TenantInspection, version: str) -> None:
    """Raises RevertNotProven unless the tenant has the catalog of the position before, apart from earlier drift.

    Extensions, and in a database of several tenants whatever they share, may remain or be gone already: they may exist
    for another reason than this migration.
    """
    whole, after = context.expected(session.server_major, session.home), inspect(session, context)
    kept = before.assessment.position.applied - {version}
    unrestored = _unrestored(whole, kept, before, after, version, session.home)
    left = _left(whole.at(kept), before, after, session.home)
    residue = Residue(
        left=tuple(left),
        missing=_changed(unrestored, Change.MISSING),
        changed=_changed(unrestored, Change.CHANGED),
    )
    if residue:
        entries = [difference_entry(each, session.home) for each in unrestored]
        entries += [_left_entry(each, session.home) for each in left]
        raise RevertNotProven(f"its down script {describe_residue(residue, session.home)}", tuple(entries))
    if after.observed.catalog.unexpected_left_out > before.observed.catalog.unexpected_left_out:
        raise RevertNotProven("its down script leaves behind objects, among too many unexpected ones to name them")
    position, repeatable = after.assessment.position, context.order.repeatable
    if version in position.applied | position.unknown or not kept - repeatable <= position.applied:
        raise RevertNotProven("after its down script, the tenant would not be at the position before it")


def _unrestored(
    whole: ExpectedCatalog,
    kept: frozenset[str],
    before: TenantInspection,
    after: TenantInspection,
    version: str,
    home: str,
) -> list[Difference]:
    """The objects that are not as the position requires, and that were not so before."""
    own = {chain.identity for chain, _ in whole.history.by_version[version]}
    known = {each.identity: each for each in before.assessment.drift if each.identity not in own}
    differences = find_differences(whole.at(kept), after.assessment.found)
    return [
        each
        for each in differences
        if is_worse(each, known.get(each.identity), ()) and not _may_be_foreign(each.identity, home)
    ]


def _left(target: ExpectedCatalog, before: TenantInspection, after: TenantInspection, home: str) -> list[CatalogObject]:
    """The objects that should not exist at the position, and that are not unexpected in it already."""
    known = before.assessment.found.keys() - before.assessment.expected.objects.keys()
    known |= {each.identity for each in before.observed.catalog.unexpected}
    found = {each.identity: each for each in after.observed.catalog.unexpected} | dict(after.assessment.found)
    names = found.keys() - target.objects.keys() - known
    return [each for name, each in found.items() if name in names and not _may_be_foreign(name, home)]


def _changed(differences: list[Difference], change: Change) -> tuple[CatalogObject, ...]:
    return tuple({each.identity: each.expected for each in differences if each.change is change}.values())


def _may_be_foreign(identity: Identity, home: str) -> bool:
    return identity.kind is ObjectKind.EXTENSION or (home != DEFAULT and is_shared(identity))


def _left_entry(found: CatalogObject, home: str) -> DifferenceEntry:
    return DifferenceEntry(
        kind=found.identity.kind,
        identity=found.identity.qualified(home),
        change="unexpected",
        expected=None,
        actual=found.definition,
        shared=is_shared(found.identity),
    )


def read_dependents(session: Session, before: TenantInspection) -> frozenset[Dependent]:
    """The views and foreign keys that depend on the tenant's managed tables and views. Raises a DatabaseError."""
    managed = [(each.kind, each.schema or session.home, each.name) for each in before.assessment.found]
    relations = [(schema, name) for kind, schema, name in managed if kind in RELATIONS]
    parameters = {"schemas": [schema for schema, _ in relations], "names": [name for _, name in relations]}
    [rows] = session.fetch(Query(statement("introspection/dependents"), parameters))
    return frozenset(tuple(row) for row in rows) - {(str(kind), schema, name) for kind, schema, name in managed}


def check_dependents(session: Session, dependents: Collection[Dependent]) -> None:
    """Raises RevertNotProven if one of them does not exist any more, and a DatabaseError."""
    if not dependents:
        return
    kinds, schemas, names = (list(each) for each in zip(*sorted(dependents), strict=True))
    parameters = {"kinds": kinds, "schemas": schemas, "names": names}
    [rows] = session.fetch(Query(statement("introspection/dependents_that_exist"), parameters))
    if gone := sorted({*dependents} - {tuple(row) for row in rows}):
        kind, schema, name = gone[0]
        more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
        raise RevertNotProven(
            f"its down script drops {kind} {schema}.{name}{more}, which the manifest does not contain"
        )
