"""Runs each migration a second time, in tables with rows, and observes what that changes."""

from contextlib import suppress

from pgfleet.check.evidence import DatabaseState, SecondRun, SecondRunFindings, SecondRuns
from pgfleet.check.second_run import failed_run, findings_of, is_without_effect
from pgfleet.errors import PermanentError
from pgfleet.fleet.secret import Dsn
from pgfleet.manifest.home_schema import DEFAULT
from pgfleet.manifest.model import Manifest, Migration
from pgfleet.manifest.rows import only_defines
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.read.introspection import CatalogReader
from pgfleet.postgres.scratch.database import scratch_database
from pgfleet.postgres.scratch.sample_rows import fill, read_rows
from pgfleet.postgres.scratch.scripts import apply, error_of, rolled_back
from pgfleet.postgres.session import Session
from pgfleet.run.progress import track


def run_again(manifest: Manifest, admin: Dsn, limits: Limits, home: str = DEFAULT) -> SecondRuns:
    """The findings of each migration's second run, and the sample rows of every table.

    Each migration runs in a scratch database with the migrations before it. Rows are inserted only for its second run,
    so no first run meets rows that a new tenant would not have. Raises a DatabaseError for a script that fails in an
    empty database.
    """
    findings: dict[str, SecondRunFindings] = {}
    with scratch_database(admin, limits, manifest.migrations, home) as session:
        reader = CatalogReader(session, {})
        for place, migration in enumerate(track("second runs", manifest.migrations)):
            apply(session, migration)
            if migration.transactional:
                findings[migration.version] = _run_here(reader, migration)
            else:
                session.close()  # if only one connection is allowed, the other database needs it
                findings[migration.version] = _run_elsewhere(manifest.migrations[: place + 1], admin, session)
        with rolled_back(session):
            empty = fill(session)
            rows = read_rows(session, reader.read())
    return SecondRuns(
        findings=findings, rows={table: sum(found.values()) for table, found in rows.items()}, empty=empty
    )


def is_harmless(reader: CatalogReader, migration: Migration) -> bool:
    """Whether the migration, which was just applied, changes no object and no row when it is run again on sample rows.

    A script that does more than define objects is never harmless: what it does may depend on a tenant's rows. A table
    that takes no sample rows leaves that unproven, too. The database of `reader` is left as it was. Raises transient
    DatabaseErrors.
    """
    if not only_defines(migration.script.sql):
        return False
    with suppress(PermanentError), rolled_back(reader.session):
        return not _fails(reader.session, migration) and is_without_effect(_run_twice(reader, migration))
    return False


def _run_here(reader: CatalogReader, migration: Migration) -> SecondRunFindings:
    """The second run of a migration that can be rolled back.

    A script that fails without sample rows fails in a new tenant, and nothing of it remains to be observed.
    """
    with rolled_back(reader.session):
        if error := _fails(reader.session, migration):
            return failed_run(error)
        return findings_of(_run_twice(reader, migration))


def _fails(session: Session, migration: Migration) -> str | None:
    """The error of one run of the migration, which is rolled back."""
    with rolled_back(session):
        return error_of(lambda: apply(session, migration))


def _run_elsewhere(migrations: tuple[Migration, ...], admin: Dsn, like: Session) -> SecondRunFindings:
    """The second run of the last migration, which cannot be rolled back and so gets a database of its own."""
    with scratch_database(admin, like.limits, migrations, like.home) as session:
        for each in migrations:
            apply(session, each)
        return findings_of(_run_twice(CatalogReader(session, {}), migrations[-1]))


def _run_twice(reader: CatalogReader, migration: Migration) -> SecondRun:
    """Two runs on sample rows, which remain."""
    fill(reader.session)
    before = _observe(reader)
    error = error_of(lambda: apply(reader.session, migration))
    between = _observe(reader).rows
    error = error or error_of(lambda: apply(reader.session, migration))
    return SecondRun(before=before, between=between, after=_observe(reader), error=error)


def _observe(reader: CatalogReader) -> DatabaseState:
    objects = reader.read()
    return DatabaseState(objects=objects, rows=read_rows(reader.session, objects))
