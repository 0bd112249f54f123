"""Runs each migration a second time, in tables with rows, and observes what that changes."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from pgfleet.catalog.scope import EVERYTHING
from pgfleet.check.evidence import DatabaseState, SecondRun
from pgfleet.check.second_run import is_without_effect
from pgfleet.errors import DatabaseError
from pgfleet.fleet.secret import Dsn
from pgfleet.manifest.model import Manifest, Migration
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.read.introspection import read_catalog
from pgfleet.postgres.scratch.database import scratch_database
from pgfleet.postgres.scratch.sample_rows import fill, read_rows
from pgfleet.postgres.session import Session

Empty = dict[str, str]
"""Why each empty table took no rows, as of the last migration."""


def run_again(manifest: Manifest, admin: Dsn, limits: Limits) -> tuple[Mapping[str, SecondRun], Mapping[str, str]]:
    """The second run of each migration, by version, and why tables are empty, by name.

    Each migration runs in a scratch database with the migrations before it. Rows are inserted only for its second run,
    so no first run meets rows that a new tenant would not have. Raises a DatabaseError for a script that fails in an
    empty database.
    """
    runs: dict[str, SecondRun] = {}
    empty: Empty = {}
    with scratch_database(admin, limits, manifest.migrations) as session:
        for place, migration in enumerate(manifest.migrations):
            apply(session, migration)
            if migration.transactional:
                with _rolled_back(session):
                    runs[migration.version] = _run_twice(session, migration, empty)
            else:
                session.close()  # if only one connection is allowed, the other database needs it
                runs[migration.version] = _run_elsewhere(manifest.migrations[: place + 1], admin, limits, empty)
    return runs, empty


def is_harmless(session: Session, migration: Migration) -> bool:
    """Whether the migration, which was just applied, changes no object and no row when it is run again on sample rows.

    A table that takes no sample rows leaves that unproven. The database is left as it was. Raises transient
    DatabaseErrors.
    """
    try:
        with _rolled_back(session):
            return is_without_effect(_run_twice(session, migration, {}))
    except DatabaseError as error:
        if error.transient:
            raise
    return False


def apply(session: Session, migration: Migration) -> None:
    """Runs the migration's script. Raises a DatabaseError."""
    run = session.run_script if migration.transactional else session.run_outside_transaction
    run(migration.script)


class _Undone(Exception):
    """Ends a second run: all of it is rolled back."""


@contextmanager
def _rolled_back(session: Session) -> Iterator[None]:
    with suppress(_Undone), session.transaction():
        yield
        raise _Undone


def _run_elsewhere(migrations: tuple[Migration, ...], admin: Dsn, limits: Limits, empty: Empty) -> SecondRun:
    """The second run of the last migration, which cannot be rolled back and so gets a database of its own."""
    with scratch_database(admin, limits, migrations) as session:
        for each in migrations:
            apply(session, each)
        return _run_twice(session, migrations[-1], empty)


def _run_twice(session: Session, migration: Migration, empty: Empty) -> SecondRun:
    empty.clear()
    empty.update(fill(session))
    before = _observe(session)
    error = _error_of(lambda: apply(session, migration))
    between = _observe(session).rows
    error = error or _error_of(lambda: apply(session, migration))
    return SecondRun(before=before, between=between, after=_observe(session), error=error)


def _observe(session: Session) -> DatabaseState:
    objects = read_catalog(session, EVERYTHING, {}).managed or ()
    return DatabaseState(objects=objects, rows=read_rows(session, objects))


def _error_of(run: Callable[[], None]) -> str | None:
    try:
        run()
    except DatabaseError as error:
        if error.transient:
            raise
        return str(error)
    return None
