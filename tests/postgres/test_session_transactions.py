"""Transactions of a session: all or nothing, on one connection."""

from collections.abc import Iterator

import pytest
from fixtures.servers import Server

from pgfleet.errors import CannotDryRun, ConnectionLost, StatementFailed, TransactionInterrupted
from pgfleet.postgres.query import Query
from pgfleet.postgres.session import Session

COUNT = Query("SELECT count(*) FROM one", at_home=True)
INSERT = Query("INSERT INTO one VALUES (1)", at_home=True)
PID = Query("SELECT pg_backend_pid()", at_home=True)


@pytest.fixture
def session(server: Server, empty_database: str) -> Iterator[Session]:
    server.execute("CREATE TABLE one (id integer)", empty_database)
    with server.session(empty_database) as session:
        yield session


def counted(server: Server, session: Session) -> int:
    """What another session sees."""
    with Session(session.dsn) as other:
        return int(other.fetch_value(COUNT))


def test_changes_are_visible_inside_and_to_others_after_the_commit(server: Server, session: Session) -> None:
    with session.transaction():
        session.write(INSERT)
        session.run_script("INSERT INTO one VALUES (2); INSERT INTO one VALUES (3)")
        assert (session.fetch(COUNT), counted(server, session)) == ([[(3,)]], 0)
    assert counted(server, session) == 3


def test_an_error_rolls_the_transaction_back(server: Server, session: Session) -> None:
    with pytest.raises(StatementFailed), session.transaction():
        session.write(INSERT)
        session.run_script("SELECT 1/0")
    assert counted(server, session) == 0
    session.write(INSERT)
    assert counted(server, session) == 1, "the session can be used on"


def test_an_inner_block_can_be_rolled_back_by_itself(server: Server, session: Session) -> None:
    with session.transaction():
        session.write(INSERT)
        with pytest.raises(StatementFailed), session.transaction():
            session.write(INSERT)
            session.run_script("SELECT 1/0")
        with session.transaction():
            session.write(INSERT)
    assert counted(server, session) == 2


def test_a_fetch_inside_is_read_only_and_its_failure_is_contained(server: Server, session: Session) -> None:
    with session.transaction():
        session.write(INSERT)
        with pytest.raises(StatementFailed, match="read-only"):
            session.fetch(INSERT)
        with pytest.raises(StatementFailed):
            session.fetch(Query("SELECT nonsense", at_home=True))
        session.fetch(Query("SELECT set_config('search_path', 'elsewhere', false)", at_home=True))
        session.write(INSERT)
    assert counted(server, session) == 2


def test_a_lost_connection_is_not_reopened_within_a_transaction(server: Server, session: Session) -> None:
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


def test_a_commit_answered_with_rollback_is_an_error(server: Server, session: Session) -> None:
    with pytest.raises(StatementFailed, match="rolled back by the server"), session.transaction():
        session.write(INSERT)
        with pytest.raises(StatementFailed):
            session.fetch_value(Query("SELECT nonsense", at_home=True))
    assert counted(server, session) == 0


def test_a_dry_run_is_rolled_back_including_inner_transactions(server: Server, session: Session) -> None:
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


def test_a_lost_connection_ends_a_dry_run(server: Server, session: Session) -> None:
    with pytest.raises(TransactionInterrupted), session.dry_run():
        with session.transaction():
            session.write(INSERT)
        server.execute(f"SELECT pg_terminate_backend({session.fetch_value(PID)}, 5000)")
        with pytest.raises(TransactionInterrupted):
            session.write(INSERT)
        session.write(INSERT)
    assert counted(server, session) == 0


@pytest.mark.parametrize("how", ["write", "write at commit", "script"])
def test_a_trigger_does_not_change_the_settings_of_the_rest_of_a_transaction(
    server: Server, session: Session, empty_database: str, how: str
) -> None:
    body = "BEGIN PERFORM set_config(n, v, true) FROM (VALUES {}) AS s (n, v); RETURN NULL; END"
    values = "('pgfleet.home_path', 'elsewhere'), ('row_security', 'on'), ('DateStyle', 'German')"
    server.execute(
        f"CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $${body.format(values)}$$;"
        "CREATE TRIGGER change AFTER INSERT ON one FOR EACH STATEMENT EXECUTE FUNCTION change()",
        empty_database,
    )
    settings = Query(
        "SELECT pg_catalog.current_setting('pgfleet.home_path'), pg_catalog.current_setting('row_security'),"
        " pg_catalog.current_setting('DateStyle')"
    )
    with session.transaction():
        with session.transaction():
            if how == "script":
                session.run_script("INSERT INTO one VALUES (1)")
            elif how == "write":
                session.write(INSERT)
            else:
                session.write_at_commit(INSERT)
        assert session.fetch(settings) == [[('"public"', "off", "ISO, MDY")]]
