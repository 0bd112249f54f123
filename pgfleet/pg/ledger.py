"""The ledger in a tenant's database: what was applied or adopted, by which run, with which checksum."""

from pgfleet.errors import DatabaseError
from pgfleet.manifest.model import Migration
from pgfleet.pg.session import Query, Session
from pgfleet.shipped import statement

EXISTS = Query(statement("ledger/exists"))


def read_ledger(session: Session) -> tuple[frozenset[str], str | None]:
    """The versions that the ledger knows, and why it could not be read if so. Raises transient DatabaseErrors."""
    try:
        [rows] = session.read(Query(statement("ledger/read"), {"home": session.home}))
    except DatabaseError as error:
        if error.transient:
            raise
        return frozenset(), str(error)
    return frozenset(version for (version,) in rows), None


def create_ledger(session: Session) -> None:
    """Makes the ledger where there is none. Raises a DatabaseError."""
    session.write(Query(statement("ledger/create_schema")), Query(statement("ledger/create_ledger")))


def record_applied(session: Session, migration: Migration, *, run_id: str) -> None:
    """Writes the migration as applied by that run. Raises a DatabaseError."""
    parameters = {
        "home": session.home,
        "version": migration.version,
        "file": migration.file,
        "checksum": migration.script.checksum,
        "action": "applied",
        "run_id": run_id,
    }
    session.write(Query(statement("ledger/record"), parameters))
