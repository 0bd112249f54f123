"""Runs a script outside a transaction statement by statement, and records each, so that the next run continues."""

from pgfleet.errors import DatabaseError
from pgfleet.manifest.model import Migration, Script
from pgfleet.parser.statements import Statement, split
from pgfleet.postgres.query import Query, bind
from pgfleet.postgres.session import Session
from pgfleet.postgres.session_settings import USE_SERVER_PATH
from pgfleet.run.shipped import statement

BEGIN = "BEGIN; "
ONLY_ALONE = frozenset({"25001", "2D000"})
"""SQLSTATEs of statements that cannot run in a transaction, and of code that ends one (PostgreSQL manual, A)."""
DONE_BEFORE = frozenset({"42P07", "42704"})
"""SQLSTATEs of creating an index that exists, and of dropping one that does not."""
SETTINGS = frozenset({"SET", "RESET"})


def run_statements(session: Session, migration: Migration, *, run_id: str, is_resumed: bool) -> None:
    """Runs the statements that no earlier run has finished; all of them unless `is_resumed`.

    Each one is recorded in the ledger, in the same transaction if it can run in one. If an earlier run was interrupted
    after a statement and before its record, an index exists or is gone already, and the caller's proof decides. Raises
    DatabaseErrors with the statement's place.
    """
    statements = split(migration.script.sql)
    if len(statements) == 1:
        session.run_outside_transaction(migration.script)
        return
    _create_table(session)
    finished = read_finished(session, migration) if is_resumed else 0
    with session.outside_transaction():
        for number, each in enumerate(statements, start=1):
            if number > finished:
                query = _query("record_statement", session, migration, finished=number, run_id=run_id)
                record = bind(query, session.open())
                may_be_done = is_resumed and number == finished + 1
                _run(session, migration.script, each, record, may_be_done=may_be_done)
            elif each.text.split(maxsplit=1)[0].upper() in SETTINGS:  # the session that it was set in has ended
                session.execute(each.text, migration.script, each.start)


def read_finished(session: Session, migration: Migration) -> int:
    """How many statements of the migration's present script an unfinished run has finished. Raises a DatabaseError."""
    if not _has_table(session):
        return 0
    [rows] = session.fetch(_query("read_statements", session, migration))
    return next((finished for (finished,) in rows), 0)


def forget_finished(session: Session, migration: Migration) -> None:
    """Removes the record of the migration's finished statements. Raises a DatabaseError."""
    if _has_table(session):
        session.write(_query("forget_statements", session, migration))


def _run(session: Session, script: Script, each: Statement, record: str, *, may_be_done: bool) -> None:
    try:
        text = f"{BEGIN}{each.text}\n;\n{USE_SERVER_PATH};\n{record};\nCOMMIT"
        session.execute(text, script, each.start - len(BEGIN))
    except DatabaseError as error:
        if session.is_open:
            session.execute("ROLLBACK")
        if error.sqlstate not in ONLY_ALONE:
            raise
        _run_alone(session, script, each, may_be_done=may_be_done)
        session.execute(record)


def _run_alone(session: Session, script: Script, each: Statement, *, may_be_done: bool) -> None:
    try:
        session.execute(each.text, script, each.start)
    except DatabaseError as error:
        if not (may_be_done and error.sqlstate in DONE_BEFORE):
            raise


def _create_table(session: Session) -> None:
    if not _has_table(session):
        session.run_script(statement("ledger/create_statements"))


def _has_table(session: Session) -> bool:
    [[(found,)]] = session.fetch(Query(statement("ledger/statements_exist")))
    return bool(found)


def _query(name: str, session: Session, migration: Migration, **values: str | int) -> Query:
    parameters = {"home": session.home, "version": migration.version, "checksum": migration.script.checksum, **values}
    return Query(statement(f"ledger/{name}"), parameters)
