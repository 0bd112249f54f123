"""Tries which objects a rerun of their migrations restores."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

from pgfleet.catalog.expected import ExpectedCatalog, Provenance
from pgfleet.catalog.objects import CatalogObject, Identity, ObjectKind
from pgfleet.catalog.reapply import Reapplicable
from pgfleet.errors import DatabaseError, PermanentError
from pgfleet.manifest.model import Manifest, Migration
from pgfleet.parser.statements import place_in, split
from pgfleet.postgres.scratch.mutations import alter_scripts, drop_script, drop_statement
from pgfleet.postgres.scratch.scripts import rolled_back
from pgfleet.postgres.scratch.trial import Batch, Mutation, TrialDatabase, try_reapply, try_reapply_outside
from pgfleet.postgres.session import Session
from pgfleet.run.progress import track

DUPLICATES = frozenset({"42P06", "42P07", "42701", "42710", "42723"})
"""SQLSTATEs of creating a schema, relation, column, other object, or function that exists (PostgreSQL manual, A)."""
Versions = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """The first statement that fails when migrations run again in a complete database, and its error."""

    statement: str
    error: DatabaseError

    @property
    def is_existing_object(self) -> bool:
        """Whether the statement creates an object that exists. It still exists after any ALTER of any object."""
        return self.error.sqlstate in DUPLICATES


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
    altered = track("trials with altered objects", _batches(alterable, obstacles, lambda each: each.identity.kind))
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


def _place(found: CatalogObject) -> object:
    """Columns and constraints of one table interfere with each other less than those of several."""
    return (found.identity.kind, found.identity.schema, found.parent)


def _is_index(provenance: Provenance) -> bool:
    return provenance.object.identity.kind is ObjectKind.INDEX


def find_obstacle(database: TrialDatabase, batch: Batch) -> Obstacle | None:
    """What keeps the migrations of these objects from running again; None if they can. Raises transient errors."""
    with rolled_back(database.session):
        for migration in database.scripts(batch):
            try:
                database.session.run_script(migration.script)
            except PermanentError as error:
                return Obstacle(statement=_failed_statement(migration, error), error=error)
    return None


def outlasts_drop(database: TrialDatabase, batch: Batch, obstacle: Obstacle) -> bool:
    """Whether an existing object is in the way even if all of these objects are dropped. Raises transient errors.

    If so, the migrations fail with any one of these objects missing, because dropping fewer objects leaves more.
    """
    if not obstacle.is_existing_object:
        return False
    session = database.session
    try:
        with rolled_back(session):
            session.execute(f"{drop_script((each.object for each in batch), session.home)};\n{obstacle.statement}")
    except PermanentError as error:
        return error.message == obstacle.error.message
    return False


def _failed_statement(migration: Migration, error: DatabaseError) -> str:
    """The statement at the error's place; empty if the error has none."""
    text, place = migration.script.sql, error.place
    if place is None:
        return ""
    started = [each.text for each in split(text) if place_in(text, each.start) <= (place.line, place.column)]
    return started[-1]
