"""Why migrations cannot run again in a complete database, and whether that changes if objects are missing."""

from dataclasses import dataclass

from pgfleet.errors import DatabaseError, PermanentError
from pgfleet.manifest.model import Migration
from pgfleet.parser.statements import place_in, split
from pgfleet.postgres.scratch.mutations import drop_script
from pgfleet.postgres.scratch.scripts import rolled_back
from pgfleet.postgres.scratch.trial import Batch, TrialDatabase

DUPLICATES = frozenset({"42P06", "42P07", "42701", "42710", "42723"})
"""SQLSTATEs of creating a schema, relation, column, other object, or function that exists (PostgreSQL manual, A)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """The first statement that fails when migrations run again in a complete database, and its error."""

    statement: str
    error: DatabaseError

    @property
    def is_existing_object(self) -> bool:
        """Whether the statement creates an object that exists. It still exists after any ALTER of any object."""
        return self.error.sqlstate in DUPLICATES


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
