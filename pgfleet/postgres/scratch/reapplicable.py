"""Tries which objects a rerun of their migrations restores."""

from collections.abc import Callable, Iterable
from itertools import chain

from pgfleet.catalog.expected import ExpectedCatalog, Provenance
from pgfleet.catalog.objects import CatalogObject, Identity, ObjectKind
from pgfleet.catalog.reapply import Reapplicable
from pgfleet.errors import DatabaseError
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.scratch.mutations import alter_scripts, drop_statement
from pgfleet.postgres.scratch.trial import Batch, Mutation, TrialDatabase, try_reapply, try_reapply_outside
from pgfleet.postgres.session import Session

Versions = tuple[str, ...]


def find_reapplicable(manifest: Manifest, session: Session, expected: ExpectedCatalog) -> Reapplicable:
    """Drops and alters each object, reruns its migrations, and compares it with what it was.

    `session` is connected to a scratch database with the replayed manifest, which is left unchanged. An object whose
    trial fails with an error counts as not restored. Raises transient DatabaseErrors.
    """
    database = TrialDatabase(
        session=session, migrations={each.version: each for each in manifest.migrations}, expected=expected
    )
    inside = [each for each in expected.provenances if not database.needs_outside(each)]
    alone = [each for each in expected.provenances if database.needs_outside(each) and _is_index(each)]
    alterable = [each for each in inside if alter_scripts(each.object, session.home)]
    droppable = [each for each in inside if drop_statement(each.object, session.home)]
    again = _rerunnable(database, inside)
    missing = [_restored(database, batch, _drop) for batch in _batches(droppable, again, _place)]
    changed = [_restored(database, batch, _alter) for batch in _batches(alterable, again, _kind)]
    return Reapplicable(
        missing=frozenset(chain(*missing, *(try_reapply_outside(database, each, _drop) for each in alone))),
        altered=frozenset(each.object.identity for each in (*alterable, *alone)),
        changed=frozenset(chain(*changed, *(try_reapply_outside(database, each, _alter) for each in alone))),
    )


def _restored(database: TrialDatabase, batch: Batch, mutate: Mutation) -> frozenset[Identity]:
    """The restored objects: mutated together, or one by one if the scripts fail then."""
    try:
        return try_reapply(database, batch, mutate)
    except DatabaseError as error:
        if error.transient:
            raise
    if len(batch) == 1:
        return frozenset()
    return frozenset(chain(*(_restored(database, [each], mutate) for each in batch)))


def _drop(database: TrialDatabase, batch: Batch) -> frozenset[Identity]:
    statements = (drop_statement(each.object, database.session.home) for each in batch)
    database.session.run_script(";\n".join(filter(None, statements)))
    return frozenset(each.object.identity for each in batch)


def _alter(database: TrialDatabase, batch: Batch) -> frozenset[Identity]:
    """Skips alterations that the server rejects; an object that is still as expected was not altered."""
    for script in chain.from_iterable(alter_scripts(each.object, database.session.home) for each in batch):
        try:
            database.session.run_script(script)
        except DatabaseError as error:
            if error.transient:
                raise
    return frozenset(each.object.identity for each in batch) - database.unchanged(batch)


def _rerunnable(database: TrialDatabase, provenances: Batch) -> frozenset[Versions]:
    """Groups of migrations that can run again in a complete database."""
    samples = {_versions(each): each for each in provenances}
    return frozenset(versions for versions, each in samples.items() if _runs_again(database, [each]))


def _runs_again(database: TrialDatabase, batch: Batch) -> bool:
    """Whether the objects' migrations can run again in a complete database."""
    try:
        try_reapply(database, batch, lambda _, batch: frozenset(each.object.identity for each in batch))
    except DatabaseError as error:
        if error.transient:
            raise
        return False
    return True


def _batches(
    provenances: Iterable[Provenance], again: frozenset[Versions], group_key: Callable[[CatalogObject], object]
) -> list[Batch]:
    """Groups similar objects with the same migrations, because every trial costs an introspection.

    Objects whose scripts cannot run in a complete database stay alone: a script may run with all of its tables dropped
    and fail with only one dropped.
    """
    batches: dict[object, list[Provenance]] = {}
    for each in provenances:
        versions = _versions(each)
        key = (group_key(each.object), versions if versions in again else each.object.identity)
        batches.setdefault(key, []).append(each)
    return list(batches.values())


def _versions(provenance: Provenance) -> Versions:
    return tuple(step.version for step in provenance.steps)


def _kind(found: CatalogObject) -> object:
    return found.identity.kind


def _place(found: CatalogObject) -> object:
    """Columns and constraints of one table interfere with each other less than those of several."""
    return (found.identity.kind, found.identity.schema, found.parent)


def _is_index(provenance: Provenance) -> bool:
    return provenance.object.identity.kind is ObjectKind.INDEX
