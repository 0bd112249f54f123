"""Transactions of a session: all of it or nothing, and never by another connection than the one it was begun on."""

from collections.abc import Iterator

import pytest
from fixtures.servers import Server

from pgfleet.errors import CannotDryRun, ConnectionLost, DryRunInterrupted, StatementFailed
from pgfleet.postgres.query import Query
from pgfleet.postgres.session import Session

COUNT = Query("SELECT count(*) FROM one")
INSERT = Query("INSERT INTO one VALUES (1)")
PID = Query("SELECT pg_backend_pid()")


@pytest.fixture
def session(server: Server, empty_database: str) -> Iterator[Session]:
    server.execute("CREATE TABLE one (id integer)", empty_database)
    with server.session(empty_database) as session:
        yield session


def counted(server: Server, session: Session) -> int:
    """What another session sees."""
    with Session(session.dsn) as other:
        return int(other.fetch_value(COUNT))


def test_what_is_done_in_it_is_seen_in_it_and_by_others_afterwards(server: Server, session: Session) -> None:
    with session.transaction():
        session.write(INSERT)
        session.run_script("INSERT INTO one VALUES (2); INSERT INTO one VALUES (3)")
        assert (session.fetch(COUNT), counted(server, session)) == ([[(3,)]], 0)
    assert counted(server, session) == 3


def test_an_error_in_it_takes_all_of_it_back(server: Server, session: Session) -> None:
    with pytest.raises(StatementFailed), session.transaction():
        session.write(INSERT)
        session.run_script("SELECT 1/0")
    assert counted(server, session) == 0
    session.write(INSERT)
    assert counted(server, session) == 1, "the session can be used on"


def test_a_part_of_it_can_be_taken_back_by_itself(server: Server, session: Session) -> None:
    with session.transaction():
        session.write(INSERT)
        with pytest.raises(StatementFailed), session.transaction():
            session.write(INSERT)
            session.run_script("SELECT 1/0")
        with session.transaction():
            session.write(INSERT)
    assert counted(server, session) == 2


def test_a_read_in_it_changes_nothing_and_fails_alone(server: Server, session: Session) -> None:
    with session.transaction():
        session.write(INSERT)
        with pytest.raises(StatementFailed, match="read-only"):
            session.fetch(INSERT)
        with pytest.raises(StatementFailed):
            session.fetch(Query("SELECT nonsense"))
        session.fetch(Query("SELECT set_config('search_path', 'elsewhere', false)"))
        session.write(INSERT)
    assert counted(server, session) == 2


def test_a_connection_that_is_lost_in_it_is_not_made_anew(server: Server, session: Session) -> None:
    """What comes after would be committed by itself."""
    with pytest.raises(ConnectionLost, match="within the transaction"), session.transaction():
        session.write(INSERT)
        server.execute(f"SELECT pg_terminate_backend({session.fetch_value(PID)}, 5000)")
        with pytest.raises(ConnectionLost):
            session.write(INSERT)
        session.write(INSERT)
    assert counted(server, session) == 0
    session.write(INSERT)
    assert counted(server, session) == 1, "after it the session connects again"


def test_a_commit_that_the_server_answers_with_a_rollback_is_an_error(server: Server, session: Session) -> None:
    with pytest.raises(StatementFailed, match="rolled back by the server"), session.transaction():
        session.write(INSERT)
        with pytest.raises(StatementFailed):
            session.fetch_value(Query("SELECT nonsense"))
    assert counted(server, session) == 0


def test_a_rehearsal_is_taken_back_whatever_was_committed_within(server: Server, session: Session) -> None:
    with session.dry_run():
        with session.transaction():
            session.write(INSERT)
        session.run_script("INSERT INTO one VALUES (2)")
        assert session.fetch(COUNT) == [[(2,)]]
        with pytest.raises(CannotDryRun):
            session.run_outside_transaction("VACUUM one")
    assert counted(server, session) == 0
    session.write(INSERT)
    assert counted(server, session) == 1


def test_a_connection_that_is_lost_in_a_rehearsal_ends_it(server: Server, session: Session) -> None:
    with pytest.raises(DryRunInterrupted), session.dry_run():
        with session.transaction():
            session.write(INSERT)
        server.execute(f"SELECT pg_terminate_backend({session.fetch_value(PID)}, 5000)")
        with pytest.raises(DryRunInterrupted):
            session.write(INSERT)
        session.write(INSERT)
    assert counted(server, session) == 0
