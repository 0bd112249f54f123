"""The ledger in a tenant's database: what was applied or adopted, by which run, with which checksum."""

from pgfleet.errors import DatabaseError
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
