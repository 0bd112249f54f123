"""Runs each migration's down script, and then the migration again, and observes what that leaves."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext

from pgfleet.catalog.objects import CatalogObject
from pgfleet.catalog.residue import find_residue
from pgfleet.check.evidence import DownRun
from pgfleet.fleet.secret import Dsn
from pgfleet.manifest.home_schema import DEFAULT
from pgfleet.manifest.model import DownScript, Manifest, Migration
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.read.introspection import CatalogReader
from pgfleet.postgres.scratch.database import scratch_database
from pgfleet.postgres.scratch.scripts import apply, error_of, rolled_back
from pgfleet.postgres.session import Session
from pgfleet.run.progress import track

Objects = tuple[CatalogObject, ...]


def run_down_scripts(manifest: Manifest, admin: Dsn, limits: Limits, home: str = DEFAULT) -> Mapping[str, DownRun]:
    """What each down script leaves in a database with the migrations up to its own, by version.

    Repeatable migrations are never reverted. Raises a DatabaseError for a migration that fails in an empty database.
    """
    migrations = [each for each in manifest.migrations if not each.repeatable]
    runs = {each.version: DownRun(error=each.down.problem) for each in migrations if each.down and each.down.problem}
    wanted = [each for each in migrations if each.down and not each.down.problem]
    if not wanted:
        return runs
    with scratch_database(admin, limits, manifest.migrations, home) as session:
        reader = CatalogReader(session, {})
        before = reader.read()
        for place, migration in enumerate(track("down scripts", migrations[: migrations.index(wanted[-1]) + 1])):
            apply(session, migration)
            after = reader.read()
            if migration.down and migration.version not in runs:
                is_undone = migration.transactional and migration.down.transactional
                if is_undone:
                    runs[migration.version] = _run(reader, migration, migration.down, before, after)
                else:
                    session.close()  # if only one connection is allowed, the other database needs it
                    runs[migration.version] = _run_elsewhere(migrations[: place + 1], admin, session)
            before = after
    return runs


def _run(
    reader: CatalogReader,
    migration: Migration,
    down: DownScript,
    before: Objects,
    after: Objects,
    undoing: Callable[[Session], AbstractContextManager[None]] = rolled_back,
) -> DownRun:
    with undoing(reader.session):
        if error := error_of(lambda: apply(reader.session, down)):
            return DownRun(error=error)
        residue = find_residue(before, reader.read())
        if error := error_of(lambda: apply(reader.session, migration)):
            return DownRun(residue=residue, error_again=error)
        return DownRun(residue=residue, again=find_residue(after, reader.read()))


def _run_elsewhere(migrations: list[Migration], admin: Dsn, like: Session) -> DownRun:
    """The same for the last migration, if that cannot be rolled back and so needs a database of its own."""
    *earlier, last = migrations
    assert last.down is not None, "only such migrations are run"  # noqa: S101
    with scratch_database(admin, like.limits, tuple(migrations), like.home) as session:
        for each in earlier:
            apply(session, each)
        reader = CatalogReader(session, {})
        before = reader.read()
        apply(session, last)
        return _run(reader, last, last.down, before, reader.read(), lambda _: nullcontext())
