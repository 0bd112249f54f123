"""Tries which objects a rerun of their migrations restores."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import chain

from pgfleet.catalog.expected import ExpectedCatalog, Provenance
from pgfleet.catalog.objects import CatalogObject, Identity, ObjectKind
from pgfleet.catalog.reapply import Reapplicable
from pgfleet.errors import PermanentError
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.scratch.mutations import alter_scripts, drop_script, drop_statement
from pgfleet.postgres.scratch.obstacle import Obstacle, find_obstacle, outlasts_drop
from pgfleet.postgres.scratch.trial import Batch, Mutation, TrialDatabase, try_reapply, try_reapply_outside
from pgfleet.postgres.session import Session
from pgfleet.run.progress import track

Versions = tuple[str, ...]
Obstacles = Mapping[Versions, Obstacle | None]
"""What keeps groups of migrations from running again in a complete database; None if nothing does."""


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
    samples = {_versions(each): each for each in inside}
    obstacles = {versions: find_obstacle(database, [each]) for versions, each in samples.items()}
    dropped = track("trials with missing objects", _batches(droppable, obstacles, _place))
    missing = [_restored_if_dropped(database, batch, obstacles) for batch in dropped]
    altered = track("trials with altered objects", _batches(alterable, obstacles, _kind))
    changed = [_restored_if_altered(database, batch, obstacles) for batch in altered]
    return Reapplicable(
        missing=frozenset(chain(*missing, *(try_reapply_outside(database, each, _drop) for each in alone))),
        altered=frozenset(each.object.identity for each in (*alterable, *alone)),
        changed=frozenset(chain(*changed, *(try_reapply_outside(database, each, _alter) for each in alone))),
    )


def _restored_if_dropped(database: TrialDatabase, batch: Batch, obstacles: Obstacles) -> frozenset[Identity]:
    """The restored objects; where the scripts can run only without one of these objects, each is dropped alone."""
    obstacle = obstacles[_versions(batch[0])]
    if obstacle is None:
        return _restored(database, batch, _drop)
    if outlasts_drop(database, batch, obstacle):
        return frozenset()
    return frozenset(chain(*(_restored(database, [each], _drop) for each in batch)))


def _restored_if_altered(database: TrialDatabase, batch: Batch, obstacles: Obstacles) -> frozenset[Identity]:
    obstacle = obstacles[_versions(batch[0])]
    if obstacle and obstacle.is_existing_object:
        return frozenset()
    return _restored(database, batch, _alter)


def _restored(database: TrialDatabase, batch: Batch, mutate: Mutation) -> frozenset[Identity]:
    """The restored objects: mutated together, or one by one if the scripts fail then."""
    with suppress(PermanentError):
        return try_reapply(database, batch, mutate)
    if len(batch) == 1:
        return frozenset()
    return frozenset(chain(*(_restored(database, [each], mutate) for each in batch)))


def _drop(database: TrialDatabase, batch: Batch) -> frozenset[Identity]:
    database.session.execute(drop_script((each.object for each in batch), database.session.home))
    return frozenset(each.object.identity for each in batch)


def _alter(database: TrialDatabase, batch: Batch) -> frozenset[Identity]:
    """Skips alterations that the server rejects; an object that is still as expected was not altered."""
    for script in chain.from_iterable(alter_scripts(each.object, database.session.home) for each in batch):
        with suppress(PermanentError):
            database.session.run_script(script)
    return frozenset(each.object.identity for each in batch) - database.unchanged(batch)


def _batches(
    provenances: Iterable[Provenance], obstacles: Obstacles, group_key: Callable[[CatalogObject], object]
) -> list[Batch]:
    """Groups similar objects with the same migrations, because every trial costs an introspection.

    If the scripts cannot run in a complete database for a reason other than an existing object, every object stays
    alone: its absence or alteration may be what lets them run.
    """
    batches: dict[object, list[Provenance]] = {}
    for each in provenances:
        versions = _versions(each)
        obstacle = obstacles[versions]
        is_alone = obstacle is not None and not obstacle.is_existing_object
        key = (group_key(each.object), each.object.identity if is_alone else versions)
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
